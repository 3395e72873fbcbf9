import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GiveUpError } from './errors.ts';

/**
 * A password that stands in a file, one line. A missing file is made, with a random one, readable by its
 * owner and group; an existing one is never changed.
 *
 * @param what it is, for messages.
 * @throws GiveUpError when the folder cannot be written or the file cannot be used.
 */
export async function madeSecret(path: string, what: string): Promise<string> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const secret = (await read(path)) ?? (await make(path));
    if (secret !== '') return secret;
  } catch (error) {
    const rule = 'the folder of broker.credentials must be one that this user can read and write';
    throw new GiveUpError(`keeping ${what} in ${path}: ${rule}`, 1, { cause: error });
  }
  throw new GiveUpError(`reading ${what} from ${path}: it must not be empty; write one or remove the file`);
}

/** Where the token of the page is kept. @param folder the setting `broker.credentials`. */
export function pageTokenFile(folder: string): string {
  return join(folder, 'page');
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
  const secret = randomBytes(24).toString('base64url');
  const draft = `${path}.draft`;
  const file = await open(draft, 'w', 0o640);
  try {
    // The mode given to open is cut by the umask.
    await file.chmod(0o640);
    await file.writeFile(`${secret}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return secret;
}
