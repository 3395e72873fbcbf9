/** What single makers of SML meters do in their own way. */
import type { Integer } from './tlv.ts';

/** Length, medium, three letters of the maker, a byte, four bytes of the serial number. */
const IDENTITY = 10;
/** With the byte that it stands in, and without. */
const LENGTHS: readonly number[] = [IDENTITY, IDENTITY - 1];
const PRINTED = /^[!-~]+$/;
const LETTERS = /^[A-Z]{3}$/;

interface Identity {
  medium: number;
  maker: string;
  block: number;
  serial: number;
}

/** Serial numbers of DZG's DVS74 meters, by DZG's own word, with the firmware before 1.2. */
const SHORT_POWER: [from: number, to: number][] = [
  [42_000_000, 48_999_999],
  [55_000_000, 58_999_999],
];
/** OBIS: power over all phases, and of each. */
const POWER: readonly number[] = [16, 36, 56, 76];

/**
 * A meter's identity as it is printed on it, such as `1EMH0012345678` (DIN 43863-5), or as it sends it: in
 * letters and digits, or else in hexadecimal; undefined where it has none.
 */
export function deviceName(server: Uint8Array): string | undefined {
  if (server.length === 0) return undefined;
  const identity = parse(server);
  if (identity === undefined) {
    const text = Buffer.from(server).toString('latin1');
    return PRINTED.test(text) ? text : Buffer.from(server).toString('hex');
  }
  const { medium, maker, block, serial } = identity;
  return `${medium}${maker}${block.toString(16).padStart(2, '0')}${String(serial).padStart(8, '0')}`;
}

/**
 * What the meter means by a momentary value. DZG's older DVS74 send a positive power of 327.68 W to
 * 655.35 W (and likewise at 1 and 3 bytes) as a signed number of too few bytes, so that it seems negative;
 * what really is negative comes in four bytes. Other DZG meters do not, and do send short negative ones.
 */
export function meantBy(server: Uint8Array, quantity: number, { value, unsigned, width }: Integer): number {
  if (value >= 0 || width > 3 || !POWER.includes(quantity)) return value;
  const identity = parse(server);
  if (identity?.maker !== 'DZG') return value;
  return SHORT_POWER.some(([from, to]) => identity.serial >= from && identity.serial <= to)
    ? unsigned
    : value;
}

function parse(server: Uint8Array): Identity | undefined {
  const [length = 0, medium = 0, , , , block = 0] = server;
  const maker = Buffer.from(server.subarray(2, 5)).toString('latin1');
  if (server.length !== IDENTITY || !LENGTHS.includes(length) || medium > 9 || !LETTERS.test(maker))
    return undefined;
  return { medium, maker, block, serial: Buffer.from(server).readUInt32BE(6) };
}
