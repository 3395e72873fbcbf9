import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { GiveUpError } from '../shared/errors.ts';
import type { BrokerUser } from './access.ts';
import { hashPassword } from './passwords.ts';

const USERS = ['meter', 'reader'] as const;

/**
 * The users `meter` and `reader`, whose passwords stand in the files `<folder>/meter` and
 * `<folder>/reader`, one line each. A missing file is made, with a random password, readable by its owner
 * and group; an existing one is never changed.
 * @throws GiveUpError when the folder cannot be written or a file cannot be used.
 */
export function credentialUsers(folder: string): Promise<BrokerUser[]> {
  return Promise.all(
    USERS.map(async (name) => {
      const password = await readOrMake(folder, name);
      return { name, role: name, password_hash: await hashPassword(password) };
    }),
  );
}

async function readOrMake(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  try {
    await mkdir(folder, { recursive: true });
    const password = (await read(path)) ?? (await make(path));
    if (password !== '') return password;
  } catch (error) {
    const rule = 'the folder of broker.credentials must be one that this user can read and write';
    throw new GiveUpError(`keeping the password of the user ${name} in ${path}: ${rule}`, 1, {
      cause: error,
    });
  }
  throw new GiveUpError(
    `reading the password of the user ${name} from ${path}: it must not be empty; write one or remove the file`,
  );
}

async function read(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all, even when the power goes. */
async function make(path: string): Promise<string> {
  const password = randomBytes(24).toString('base64url');
  const draft = `${path}.draft`;
  const file = await open(draft, 'w', 0o640);
  try {
    // The mode given to open is cut by the umask.
    await file.chmod(0o640);
    await file.writeFile(`${password}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return password;
}
