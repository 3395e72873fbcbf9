import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Reading } from '../../shared/wire.ts';
import type { JournalEntry } from './entry.ts';
import type { Series } from './series.ts';

type Row = Record<string, unknown>;

/** What a reading's own columns hold is not in its body. */
const ABSENT = { time: undefined, epoch: undefined, seq: undefined };
const COLUMNS = 'reading.id, name, epoch, reading.seq, time, body';
const TABLES = 'reading JOIN series ON series.id = reading.series JOIN meter ON meter.id = reading.meter';

/** The table of readings of one open file. */
export class Readings {
  readonly #insert: StatementSync;
  readonly #held: StatementSync;
  readonly #before: StatementSync;
  readonly #beforeTime: StatementSync;
  readonly #someBetween: StatementSync;
  readonly #after: StatementSync;
  readonly #between: StatementSync;
  readonly #idsBetween: StatementSync;
  /** By meter: times known to be taken from one moment to another, so that a stopped clock costs no search. */
  readonly #taken = new Map<number, { from: number; to: number }>();
  /** By meter: no reading is later than this. */
  readonly #newest = new Map<number, number>();
  readonly #maxTime: StatementSync;
  readonly #count: StatementSync;
  #range = { from: 0, to: 0, first: 0, last: -1 };

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare(`
      INSERT INTO reading (id, series, seq, meter, time, body) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING`);
    this.#held = db.prepare('SELECT 1 FROM reading WHERE series = ? AND seq = ?');
    this.#before = db.prepare(
      `SELECT ${COLUMNS} FROM ${TABLES} WHERE series = ? AND reading.seq < ? ORDER BY reading.seq DESC LIMIT 1`,
    );
    this.#someBetween = db.prepare('SELECT 1 FROM reading WHERE meter = ? AND time > ? AND time < ? LIMIT 1');
    this.#beforeTime = db.prepare(
      `SELECT ${COLUMNS} FROM ${TABLES} WHERE reading.meter = ? AND time < ? ORDER BY time DESC LIMIT 1`,
    );
    this.#after = db.prepare(
      `SELECT ${COLUMNS} FROM ${TABLES} WHERE reading.id > ? ORDER BY reading.id LIMIT ?`,
    );
    this.#between = db.prepare(
      `SELECT ${COLUMNS} FROM ${TABLES}
      WHERE reading.id > ? AND reading.id <= ? AND +time >= ? AND +time < ? ORDER BY reading.id LIMIT ?`,
    );
    this.#maxTime = db.prepare('SELECT max(time) AS time FROM reading WHERE meter = ?');
    this.#count = db.prepare(
      'SELECT count(*) AS count FROM reading WHERE meter IN (SELECT id FROM meter) AND time >= ? AND time < ?',
    );
    this.#idsBetween = db.prepare(`
      SELECT min(id) AS first, max(id) AS last FROM reading
      WHERE meter IN (SELECT id FROM meter) AND time >= ? AND time < ?`);
  }

  /**
   * Within a meter no two entries share a millisecond, for stores overwrite equal timestamps; the later
   * arrival moves to the next free one.
   *
   * @returns when it is said to be, in ms since 1970 UTC; undefined for one that is held already.
   */
  insert(id: number, series: Series, reading: Reading): number | undefined {
    const { number, meter } = series;
    const body = JSON.stringify({ ...reading, ...ABSENT });
    const stated = Date.parse(reading.time);
    const known = this.#taken.get(meter);
    const taken = known && stated >= known.from && stated < known.to ? known : { from: stated, to: stated };
    let time = taken.to;
    while (this.#insert.run(id, number, reading.seq, meter, time, body).changes === 0) {
      if (this.holds(series, reading.seq)) return undefined;
      time += 1;
    }
    if (time > stated) this.#taken.set(meter, { from: taken.from, to: time + 1 });
    this.#newest.set(meter, Math.max(time, this.#newestOf(meter)));
    return time;
  }

  holds(series: Series, seq: number): boolean {
    return this.#held.get(series.number, seq) !== undefined;
  }

  /** The last one of a series below a number. */
  before(series: Series, seq: number): Reading | undefined {
    const row = this.#before.get(series.number, seq);
    return row && entryOf(row).reading;
  }

  /** Whether a meter has readings between two moments, neither included. */
  someBetween(meter: number, from: number, to: number): boolean {
    const newest = this.#newest.get(meter) ?? Number.POSITIVE_INFINITY;
    return from < newest && this.#someBetween.get(meter, from, to) !== undefined;
  }

  /** The last one of a meter before a moment, of whatever series. */
  beforeTime(meter: number, time: number): Reading | undefined {
    const row = this.#beforeTime.get(meter, time);
    return row && entryOf(row).reading;
  }

  after(id: number, limit: number): JournalEntry[] {
    return this.#after.all(id, limit).map(entryOf);
  }

  /** The lowest and highest id of readings of [from, to); 0 where there are none. */
  idsBetween(from: number, to: number): { first: number; last: number } {
    const { first, last } = this.#idsBetween.get(from, to) ?? {};
    return { first: Number(first ?? 0), last: Number(last ?? 0) };
  }

  countBetween(from: number, to: number): number {
    return Number(this.#count.get(from, to)?.count);
  }

  /** In order of id, of those that say they are of [from, to). */
  between(from: number, to: number, after: number, limit: number): JournalEntry[] {
    if (from !== this.#range.from || to !== this.#range.to || after >= this.#range.last) {
      // Ids run with time, though not strictly: their bounds keep a small range from a walk over the whole table.
      this.#range = { from, to, ...this.idsBetween(from, to) };
    }
    const { first, last } = this.#range;
    return this.#between.all(Math.max(after, first - 1), last, from, to, limit).map(entryOf);
  }

  #newestOf(meter: number): number {
    return this.#newest.get(meter) ?? Number(this.#maxTime.get(meter)?.time ?? 0);
  }
}

function entryOf(row: Row): JournalEntry {
  const { id, name, epoch, seq, time, body } = row;
  const reading = JSON.parse(String(body)) as Reading;
  reading.time = new Date(Number(time)).toISOString();
  reading.epoch = String(epoch);
  reading.seq = Number(seq);
  return { id: Number(id), meter: String(name), reading };
}
