import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { GiveUpError } from '../shared/errors.ts';

/** scrypt's N, r and p: 16 MiB and some 50 ms for each attempt. */
const COST = { N: 16_384, r: 8, p: 1 };
const KEY_BYTES = 32;
/** A hash line may ask for no more memory and no more passes than this. */
const MOST_MEMORY = 64 * 1024 * 1024;
const MOST_PASSES = 4;

interface Parsed {
  cost: typeof COST;
  salt: Buffer;
  key: Buffer;
}

/** A line `scrypt:N:r:p:salt:key`, salt and key in base64, that `verifyPassword` accepts. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, COST, KEY_BYTES);
  return `scrypt:${COST.N}:${COST.r}:${COST.p}:${salt.toString('base64')}:${key.toString('base64')}`;
}

/** @throws GiveUpError when the line is not one that `checkHash` accepts. */
export async function verifyPassword(line: string, password: string | Uint8Array): Promise<boolean> {
  const { cost, salt, key } = parse(line);
  return timingSafeEqual(await derive(password, salt, cost, key.length), key);
}

/**
 * Refuses a line that is damaged, or that would take more than 64 MiB or 4 passes to check.
 * @throws GiveUpError (78) that names the rule, never the line.
 */
export function checkHash(line: string): void {
  parse(line);
}

function parse(line: string): Parsed {
  const [scheme, N, r, p, salt = '', key = ''] = line.split(':');
  const parsed = {
    cost: { N: Number(N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    key: Buffer.from(key, 'base64'),
  };
  const { cost } = parsed;
  const rules: [boolean, string][] = [
    [scheme === 'scrypt', 'start with scrypt:'],
    [Object.values(cost).every((number) => Number.isSafeInteger(number) && number >= 1), 'have N, r and p'],
    [cost.N >= 2 && Number.isInteger(Math.log2(cost.N)), 'have a power of 2 as N'],
    [memory(cost) <= MOST_MEMORY, 'need at most 64 MiB (128 × N × r bytes)'],
    [cost.p <= MOST_PASSES, `have a p of at most ${MOST_PASSES}`],
    [parsed.salt.length >= 8, 'have a salt of at least 8 bytes'],
    [parsed.key.length >= 16 && parsed.key.length <= 64, 'have a key of 16 to 64 bytes'],
  ];
  const broken = rules.find(([holds]) => !holds);
  if (broken) throw new GiveUpError(`reading a password hash: it must ${broken[1]}`, 78);
  return parsed;
}

const memory = (cost: typeof COST) => 128 * cost.N * cost.r;

function derive(
  password: string | Uint8Array,
  salt: Buffer,
  cost: typeof COST,
  bytes: number,
): Promise<Buffer> {
  // OpenSSL counts a little more than 128·N·r against maxmem.
  const options = { ...cost, maxmem: 2 * MOST_MEMORY };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
