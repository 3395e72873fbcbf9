import type { DatabaseSync } from 'node:sqlite';

/** SQLite's code for a file that is no database: to us, one that is not of our form is none. */
const NOT_A_DATABASE = 26;
/** Rows that a look at the end of the file reads: what was written last is what a power cut damages. */
const LAST_ROWS = 100;
/** Bytes to which the write-ahead log is cut after a burst. */
const LOG_BYTES = 16 * 1024 * 1024;

// Meters and series (a meter's epoch) are small numbers: a reading is one row and two index entries, and
// names in each of them would double the file. `series.seq` is the watermark.
const FIRST = `
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

/** What is fed out, and totals of which only the standings are told. */
const EXPORT = `
  ALTER TABLE rollup ADD COLUMN export_energy REAL NOT NULL DEFAULT 0;
  ALTER TABLE rollup ADD COLUMN credit REAL NOT NULL DEFAULT 0;
  ALTER TABLE gap ADD COLUMN export_energy REAL NOT NULL DEFAULT 0;
  ALTER TABLE gap ADD COLUMN credit REAL NOT NULL DEFAULT 0;
  CREATE TABLE standing (
    unit TEXT NOT NULL,
    meter INTEGER NOT NULL,
    field TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    start INTEGER NOT NULL,
    first_time INTEGER NOT NULL,
    first REAL NOT NULL,
    last_time INTEGER NOT NULL,
    last REAL NOT NULL,
    PRIMARY KEY (unit, meter, field, simulated, start)
  ) STRICT, WITHOUT ROWID;
`;

/** Step n brings a file of version n to version n + 1; 0 is an empty one. None is ever changed again. */
const STEPS = [FIRST, EXPORT];

/**
 * Brings the schema into a new file, or one of an earlier version up to date, and looks whether an old one can
 * be used: its form, and its end.
 * @throws an SQLite error; one of corruption for a file of another form.
 */
export function prepareSchema(db: DatabaseSync): void {
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = ${LOG_BYTES};
  `);
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
  const version = isEmpty ? 0 : checkVersion(db);
  if (version < STEPS.length) {
    const steps = STEPS.slice(version).join('');
    db.exec(`BEGIN IMMEDIATE; ${steps} PRAGMA user_version = ${STEPS.length}; COMMIT`);
  }
  if (isEmpty) return;
  for (const table of ['reading', 'series', 'cursor'])
    db.prepare(`SELECT * FROM ${table} ORDER BY id DESC LIMIT ?`).all(LAST_ROWS);
}

/** @returns its version, from 1. @throws an SQLite error of corruption for a file of another form. */
export function checkVersion(db: DatabaseSync): number {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version >= 1 && version <= STEPS.length) return version;
  const message = `opening a journal: must be of version 1 to ${STEPS.length}, got ${version}`;
  throw Object.assign(new Error(message), { errcode: NOT_A_DATABASE });
}
