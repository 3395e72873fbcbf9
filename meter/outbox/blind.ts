import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { troubleOf } from '../../shared/database.ts';
import type { AccountState } from '../account.ts';
import { newestAccount } from './file.ts';

/** What a full, failing or write-protected disk answers, and a wrong path does not. */
const DISK_ERRORS = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'];

/** Whether it is the disk that kept a file from being opened, and not a wrong path or a missing right. */
export function isDisk(error: unknown, path: string): boolean {
  // A new file that is damaged at once is the disk's doing too.
  if (troubleOf(error) !== 'other' || isDiskError(error)) return true;
  // SQLite tells only that it could not; the system says why.
  try {
    closeSync(openSync(path, 'a'));
    return false;
  } catch (refusal) {
    return isDiskError(refusal);
  }
}

/** The account of an outbox that cannot be opened for writing, as far as it can be read. */
export function readAccount(path: string): AccountState | undefined {
  try {
    const url = pathToFileURL(path);
    // Without a log, locks and shared memory, all of which need a disk that takes them.
    url.searchParams.set('immutable', '1');
    const db = new DatabaseSync(url, { readOnly: true });
    try {
      return newestAccount(db);
    } finally {
      db.close();
    }
  } catch {
    return undefined;
  }
}

const isDiskError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && DISK_ERRORS.includes(String(error.code));
