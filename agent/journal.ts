import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Notifier } from '../shared/notifier.ts';
import type { Reading, Watermark } from '../shared/wire.ts';

/** A reading as it arrived, and the meter it came from. */
export interface Arrival {
  meter: string;
  reading: Reading;
}

/** A journalled reading; `id` counts arrivals in this journal, ascending, from 1. */
export interface JournalEntry extends Arrival {
  id: number;
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS reading (
    id INTEGER PRIMARY KEY,
    meter TEXT NOT NULL,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    time INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (meter, epoch, seq)
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS reading_by_time ON reading (meter, time);
  CREATE TABLE IF NOT EXISTS watermark (
    meter TEXT NOT NULL,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    PRIMARY KEY (meter, epoch)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS cursor (store TEXT PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

/**
 * The agent's durable log of every reading, in the order of arrival. What `append` has returned from
 * survives a power cut (`synchronous = FULL`): one transaction, one fsync, for all that waited.
 *
 * Within a meter no two entries share a millisecond, for stores overwrite equal timestamps; the later
 * arrival moves to the next free one, once, here, so that every store and every replay agrees.
 */
export class Journal {
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #held: StatementSync;
  readonly #timeTaken: StatementSync;
  readonly #after: StatementSync;
  readonly #extend: StatementSync;
  readonly #watermark: StatementSync;
  readonly #raiseWatermark: StatementSync;
  readonly #grown = new Notifier();

  /** @param path of the database file; its folder is made when missing. */
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#db = new DatabaseSync(path);
    this.#db.exec(SCHEMA);
    this.#insert = this.#db.prepare(
      'INSERT INTO reading (meter, epoch, seq, time, body) VALUES (?, ?, ?, ?, ?)',
    );
    this.#held = this.#db.prepare('SELECT 1 FROM reading WHERE meter = ? AND epoch = ? AND seq = ?');
    this.#timeTaken = this.#db.prepare('SELECT 1 FROM reading WHERE meter = ? AND time = ?');
    this.#after = this.#db.prepare(
      'SELECT id, meter, time, body FROM reading WHERE id > ? ORDER BY id LIMIT ?',
    );
    this.#watermark = this.#db.prepare('SELECT seq FROM watermark WHERE meter = ? AND epoch = ?');
    this.#raiseWatermark = this.#db.prepare(`
      INSERT INTO watermark VALUES (?, ?, ?, (SELECT coalesce(max(id), 0) FROM reading))
      ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq), last_id = excluded.last_id`);
    // Walks up from the watermark while the next number is there: usually one step.
    this.#extend = this.#db.prepare(`
      WITH RECURSIVE held (seq) AS (
        SELECT ?3
        UNION ALL
        SELECT held.seq + 1 FROM held
        WHERE EXISTS (SELECT 1 FROM reading WHERE meter = ?1 AND epoch = ?2 AND seq = held.seq + 1)
      )
      SELECT max(seq) AS seq FROM held`);
  }

  /**
   * Makes the arrivals durable and returns how many were new; the rest were held already.
   * `floors` are watermarks that the meters themselves vouch for: all below was stored or is gone.
   * @throws when the disk does; then nothing of the call is kept.
   */
  append(arrivals: readonly Arrival[], floors: readonly (Watermark & { meter: string })[] = []): number {
    let added = 0;
    this.#transaction(() => {
      for (const { meter, reading } of arrivals) added += this.#add(meter, reading);
      for (const floor of floors) this.#raiseWatermark.run(floor.meter, floor.epoch, floor.seq);
      const touched = new Set(arrivals.map(({ meter, reading }) => `${meter} ${reading.epoch}`));
      for (const key of touched) {
        const [meter = '', epoch = ''] = key.split(' ');
        this.#advance(meter, epoch);
      }
    });
    if (added > 0) this.#grown.notify();
    return added;
  }

  /** The watermark of a meter's epoch, once there is one. */
  watermark(meter: string, epoch: string): Watermark | undefined {
    const row = this.#watermark.get(meter, epoch);
    return row && { epoch, seq: Number(row.seq) };
  }

  /** The watermark of each meter's latest epoch. */
  watermarks(): (Watermark & { meter: string })[] {
    const rows = this.#db
      .prepare('SELECT meter, epoch, seq, max(last_id) FROM watermark GROUP BY meter')
      .all();
    return rows.map(({ meter, epoch, seq }) => ({
      meter: String(meter),
      epoch: String(epoch),
      seq: Number(seq),
    }));
  }

  /** Up to `limit` entries that arrived after entry `id`, oldest first. */
  readAfter(id: number, limit: number): JournalEntry[] {
    return this.#after.all(id, limit).map((row) => {
      const reading = JSON.parse(String(row.body)) as Reading;
      reading.time = new Date(Number(row.time)).toISOString();
      return { id: Number(row.id), meter: String(row.meter), reading };
    });
  }

  /** The `id` of the newest entry; 0 in an empty journal. */
  lastId(): number {
    return Number(this.#db.prepare('SELECT coalesce(max(id), 0) AS id FROM reading').get()?.id);
  }

  /** Resolves when an entry after `id` is there, or the signal aborts. */
  async grown(id: number, signal: AbortSignal): Promise<void> {
    if (this.lastId() <= id) await this.#grown.next(signal);
  }

  /** How far a store is known to hold the journal for good; 0 for a new store. */
  cursor(store: string): number {
    return Number(this.#db.prepare('SELECT id FROM cursor WHERE store = ?').get(store)?.id ?? 0);
  }

  saveCursor(store: string, id: number): void {
    this.#db
      .prepare('INSERT INTO cursor VALUES (?, ?) ON CONFLICT DO UPDATE SET id = excluded.id')
      .run(store, id);
  }

  close(): void {
    this.#db.close();
  }

  #add(meter: string, reading: Reading): number {
    if (this.#held.get(meter, reading.epoch, reading.seq)) return 0;
    let time = Date.parse(reading.time);
    while (this.#timeTaken.get(meter, time)) time += 1;
    this.#insert.run(meter, reading.epoch, reading.seq, time, JSON.stringify(reading));
    return 1;
  }

  #advance(meter: string, epoch: string): void {
    const from = this.watermark(meter, epoch)?.seq ?? 0;
    const to = Number(this.#extend.get(meter, epoch, from)?.seq);
    if (to > from) this.#raiseWatermark.run(meter, epoch, to);
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
