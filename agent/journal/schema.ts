import type { DatabaseSync } from 'node:sqlite';

const VERSION = 1;
/** SQLite's code for a file that is no database: to us, one that is not of our form is none. */
const NOT_A_DATABASE = 26;
/** Rows that a look at the end of the file reads: what was written last is what a power cut damages. */
const LAST_ROWS = 100;
/** Bytes to which the write-ahead log is cut after a burst. */
const LOG_BYTES = 16 * 1024 * 1024;

// Meters and series (a meter's epoch) are small numbers: a reading is one row and two index entries, and
// names in each of them would double the file. `series.seq` is the watermark.
const SCHEMA = `
  CREATE TABLE meter (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    meter INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    seq INTEGER,
    last_id INTEGER NOT NULL DEFAULT 0,
    UNIQUE (meter, epoch)
  ) STRICT;
  CREATE TABLE reading (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    meter INTEGER NOT NULL,
    time INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (series, seq),
    UNIQUE (meter, time)
  ) STRICT;
  CREATE TABLE rollup (
    unit TEXT NOT NULL,
    start INTEGER NOT NULL,
    meter INTEGER NOT NULL,
    tariff TEXT NOT NULL,
    quality TEXT NOT NULL,
    seconds REAL NOT NULL,
    readings INTEGER NOT NULL,
    energy REAL NOT NULL,
    cost REAL NOT NULL,
    max_power REAL NOT NULL,
    PRIMARY KEY (unit, start, meter, tariff, quality)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE gap (
    id INTEGER PRIMARY KEY,
    meter INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    cause TEXT NOT NULL,
    readings INTEGER NOT NULL,
    energy REAL NOT NULL,
    cost REAL NOT NULL,
    estimated_energy REAL NOT NULL,
    estimated_cost REAL NOT NULL
  ) STRICT;
  CREATE INDEX gap_by_start ON gap (start);
  CREATE TABLE letter (
    number INTEGER PRIMARY KEY,
    store TEXT NOT NULL,
    id INTEGER NOT NULL,
    meter TEXT NOT NULL,
    time INTEGER NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    reading TEXT NOT NULL,
    UNIQUE (store, id)
  ) STRICT;
  CREATE TABLE cursor (store TEXT PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/**
 * Brings the schema into a new file, and looks whether an old one can be used: its form, and its end.
 * @throws an SQLite error; one of corruption for a file of another form.
 */
export function prepareSchema(db: DatabaseSync): void {
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = ${LOG_BYTES};
  `);
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
  if (version === 0 && isEmpty) {
    db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT`);
    return;
  }
  checkVersion(db);
  for (const table of ['reading', 'series', 'cursor'])
    db.prepare(`SELECT * FROM ${table} ORDER BY id DESC LIMIT ?`).all(LAST_ROWS);
}

/** @throws an SQLite error of corruption for a file of another form. */
export function checkVersion(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version === VERSION) return;
  const message = `opening a journal: must be of version ${VERSION}, got ${version}`;
  throw Object.assign(new Error(message), { errcode: NOT_A_DATABASE });
}
