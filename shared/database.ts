import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { reason } from './errors.ts';

/** ms: who looks into a file after a kill repairs it first, and holds it locked for as long. */
export const PATIENCE = 5000;

/** SQLite's primary result codes, as far as the caller does something different about them. */
const CODES: Record<number, DatabaseTrouble> = { 10: 'failing', 11: 'corrupt', 13: 'full', 26: 'corrupt' };

/**
 * What is wrong with a database: its file is `corrupt`, the disk is `full`, or the disk is `failing`, that
 * is, a read, write or fsync was refused and what the file holds is in doubt.
 */
export type DatabaseTrouble = 'corrupt' | 'full' | 'failing' | 'other';

export function troubleOf(error: unknown): DatabaseTrouble {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  return CODES[code] ?? 'other';
}

/** A damaged file that was moved out of the way. */
export interface SetAside {
  /** Where it is now. */
  path: string;
  why: string;
}

/**
 * Opens a database; one that is damaged is set aside, and a new one begun: a file that cannot be read must
 * not keep its process from starting.
 *
 * @param prepare brings the schema in; what it throws as `corrupt` sets the file aside too.
 * @throws when the file cannot be opened for any other reason.
 */
export function openDatabase(
  path: string,
  prepare: (db: DatabaseSync) => void,
  now: () => number = Date.now,
): { db: DatabaseSync; aside?: SetAside } {
  mkdirSync(dirname(path), { recursive: true });
  try {
    return { db: open(path, prepare) };
  } catch (error) {
    if (troubleOf(error) !== 'corrupt') throw error;
    const aside = { path: setAside(path, now()), why: reason(error) };
    return { db: open(path, prepare), aside };
  }
}

/** Moves a closed database, with its log, out of the way; returns where to. */
export function setAside(path: string, now: number): string {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  let to = `${path}.corrupt-${stamp}`;
  for (let again = 2; existsSync(to); again++) to = `${path}.corrupt-${stamp}-${again}`;
  // The log first: should we die in between, no later log is ever read into the old file.
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, to + suffix);
  }
  return to;
}

function open(path: string, prepare: (db: DatabaseSync) => void): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: PATIENCE });
  try {
    prepare(db);
    // A writer that waits holds up everything else of its process.
    db.exec('PRAGMA busy_timeout = 0');
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}
