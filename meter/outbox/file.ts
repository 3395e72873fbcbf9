import { closeSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { openDatabase, type SetAside } from '../../shared/database.ts';
import type { AccountState } from '../account.ts';
import type { Epoch, RowRange, Run } from './numbers.ts';

/** A reading without its number, and the account as of it; both JSON. */
export interface Row {
  id: number;
  body: string;
  account: string;
}

/** `PRAGMA user_version` of this schema. */
const VERSION = 2;
// A page of 512 bytes: a commit writes whole pages, and a reading needs little more than one (see
// test/bench/wear.ts). NORMAL: a commit survives kill -9 but not a power cut, and costs no fsync.
const OPENING = `
  PRAGMA page_size = 512;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
`;
const SCHEMA = `
  BEGIN IMMEDIATE;
  CREATE TABLE epoch (first INTEGER PRIMARY KEY, name TEXT NOT NULL, boot TEXT NOT NULL) STRICT;
  CREATE TABLE reading (id INTEGER PRIMARY KEY, body TEXT NOT NULL, account TEXT NOT NULL) STRICT;
  CREATE TABLE room (bytes BLOB NOT NULL) STRICT;
  PRAGMA user_version = ${VERSION};
  COMMIT;
`;
/** Bytes taken in advance, for thousands of readings on a full disk. */
const ROOM = 2_000_000;
/** Bytes; a larger file is not read through at each start: its damage shows when it is met. */
const CHECKED = 32_000_000;
const WAL_MAGIC = [0x377f0682, 0x377f0683];

/** The readings on disk: one insert each, with the account in the same row, so that neither can run ahead. */
export class OutboxFile {
  /** The damaged file that this one replaces. */
  readonly aside: SetAside | undefined;
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #pages: StatementSync;

  /**
   * @param path of the database; its folder is made when missing. A damaged file is set aside.
   * @param now ms since 1970, for the name of a file that is set aside.
   * @throws when the disk refuses, or the path is none.
   */
  constructor(path: string, now: () => number) {
    rmSync(ballastOf(path), { force: true });
    const { db, aside } = openDatabase(path, (db) => prepare(db, path), now);
    this.#path = path;
    this.#db = db;
    this.aside = aside;
    this.#insert = db.prepare('INSERT INTO reading VALUES (?, ?, ?)');
    this.#select = db.prepare('SELECT * FROM reading WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?');
    this.#pages = db.prepare(
      'SELECT page_count - freelist_count AS used, freelist_count AS free, page_size AS size FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
    );
    try {
      this.#takeRoom(path);
    } catch {} // A disk that is full already is no reason not to read; writing will say so.
  }

  /** Bytes in use. */
  get bytes(): number {
    const { used, size } = this.#pages.get() ?? {};
    return Number(used) * Number(size);
  }

  /** Every epoch that has rows; all of its rows count as pending. */
  runs(): Run[] {
    const epochs = this.#db.prepare('SELECT * FROM epoch ORDER BY first').all();
    const lowest = this.#db.prepare('SELECT min(id) AS id FROM reading WHERE id >= ? AND id < ?');
    const highest = this.#db.prepare('SELECT max(id) AS id FROM reading WHERE id >= ? AND id < ?');
    return epochs.flatMap(({ first, name, boot }, index) => {
      const range = [Number(first), Number(epochs[index + 1]?.first ?? Number.MAX_SAFE_INTEGER)] as const;
      const [from, to] = [lowest.get(...range)?.id, highest.get(...range)?.id].map(Number);
      return from && to
        ? [{ first: range[0], name: String(name), boot: String(boot), kept: from, from, to, recorded: true }]
        : [];
    });
  }

  /** The highest row; 0 when there is none. */
  newest(): number {
    return Number(this.#db.prepare('SELECT max(id) AS id FROM reading').get()?.id ?? 0);
  }

  /** As of the newest row. */
  account(): AccountState | undefined {
    return newestAccount(this.#db);
  }

  read(first: number, last: number, limit: number): Row[] {
    return this.#select.all(first, last, limit).map(toRow);
  }

  /** Writes rows and the epochs that begin with them, all or nothing. */
  write(rows: readonly Row[], epochs: readonly Epoch[]): void {
    this.#transaction(() => {
      for (const { first, name, boot } of epochs)
        this.#db.prepare('INSERT OR REPLACE INTO epoch VALUES (?, ?, ?)').run(first, name, boot);
      for (const { id, body, account } of rows) this.#insert.run(id, body, account);
    });
    if (epochs.length > 0) this.#sync();
  }

  /** Deletes rows, and the epochs that ended before the first that is left. */
  remove(ranges: readonly RowRange[]): void {
    this.#transaction(() => {
      for (const { first, before } of ranges)
        this.#db.prepare('DELETE FROM reading WHERE id >= ? AND id < ?').run(first, before);
      this.#db.exec(`
        DELETE FROM epoch WHERE first < (
          SELECT max(first) FROM epoch WHERE first <= (SELECT min(id) FROM reading)
        )`);
    });
  }

  close(): void {
    this.#db.close();
    // With its last connection SQLite deletes the log, and with it the room for the next start.
    try {
      writeFileSync(ballastOf(this.#path), Buffer.alloc(ROOM));
    } catch {}
  }

  /** Once an epoch: a power cut may take what comes later, but not the account that an epoch goes on from. */
  #sync(): void {
    try {
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {} // It is committed all the same, and the kernel brings it to the disk within half a minute.
  }

  /** Both the log and the file get space that only a reading can take again. */
  #takeRoom(path: string): void {
    const { free, size } = this.#pages.get() ?? {};
    if (Number(free) * Number(size) >= ROOM / 2 && sizeOf(`${path}-wal`) >= ROOM / 2) return;
    this.#db.prepare('INSERT INTO room VALUES (zeroblob(?))').run(ROOM);
    this.#db.exec('DELETE FROM room');
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

export const toRow = ({ id, body, account }: Record<string, unknown>): Row => ({
  id: Number(id),
  body: String(body),
  account: String(account),
});

/** @throws as SQLite would of a corrupt file, also when the file or its log is none of ours. */
function prepare(db: DatabaseSync, path: string): void {
  if (hasForeignLog(path)) throw corrupt('its write-ahead log has no header');
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  const tables = Number(db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count);
  if (tables > 0 && version !== VERSION) throw corrupt(`it has schema ${version}, must be ${VERSION}`);
  db.exec(OPENING);
  if (tables === 0) db.exec(SCHEMA);
  else if (sizeOf(path) < CHECKED) {
    const verdict = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
    if (verdict !== 'ok') throw corrupt(String(verdict));
  }
  newestAccount(db);
}

/** @throws as SQLite would of a corrupt file when the row is none. */
export function newestAccount(db: DatabaseSync): AccountState | undefined {
  const row = db.prepare('SELECT account FROM reading ORDER BY id DESC LIMIT 1').get();
  if (row === undefined) return undefined;
  try {
    return JSON.parse(String(row.account)) as AccountState;
  } catch {
    throw corrupt('its newest row is damaged');
  }
}

/** SQLite takes a log whose header is damaged for an empty one, and forgets what it holds without a word. */
function hasForeignLog(path: string): boolean {
  if (sizeOf(`${path}-wal`) < 32) return false;
  const file = openSync(`${path}-wal`, 'r');
  try {
    const header = Buffer.alloc(4);
    readSync(file, header, 0, 4, 0);
    return !WAL_MAGIC.includes(header.readUInt32BE());
  } finally {
    closeSync(file);
  }
}

/** Holds the room while no process does. */
const ballastOf = (path: string): string => `${path}-room`;

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const SQLITE_CORRUPT = 11;
const corrupt = (why: string): Error => Object.assign(new Error(why), { errcode: SQLITE_CORRUPT });
