import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The name of a data folder, made once. By it the agent knows a meter again that was given another name.
 * A disk that keeps none gives one that lasts as long as the process: nothing but that is lost.
 */
export function installationOf(folder: string): string {
  const path = join(folder, 'installation');
  const made = randomUUID();
  try {
    // Another process of this folder may be about to do the same: the first one names it.
    writeFileSync(path, `${made}\n`, { flag: 'wx' });
    return made;
  } catch {
    return read(path) ?? made;
  }
}

function read(path: string): string | undefined {
  try {
    return /^[A-Za-z0-9-]{1,64}$/.exec(readFileSync(path, 'utf8').trim())?.[0];
  } catch {
    return undefined;
  }
}
