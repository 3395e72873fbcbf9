import { join } from 'node:path';
import { GiveUpError, reason } from './errors.ts';

/**
 * Opens a database file in the data folder.
 * @throws GiveUpError that names the file and the setting it comes from.
 */
export function openFile<T>(folder: string, name: string, open: (path: string) => T): T {
  const path = join(folder, name);
  try {
    return open(path);
  } catch (error) {
    throw new GiveUpError(
      `opening ${path}: must be a database of wattdog in a folder it can write to (setting data): ${reason(error)}`,
    );
  }
}
