import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Reading } from '../../shared/wire.ts';

/** A reading as it was journalled: `at` is when, in ms since 1970 UTC. */
export interface Sample extends Omit<Reading, 'time' | 'epoch' | 'seq'> {
  at: number;
}

const METER = '(SELECT id FROM meter WHERE name = ?)';

/** The readings of one meter by time, of whatever series: each look-up is a step into an index. */
export class Timeline {
  readonly #knows: StatementSync;
  readonly #newest: StatementSync;
  readonly #oldest: StatementSync;
  readonly #upTo: StatementSync;
  readonly #after: StatementSync;
  readonly #between: StatementSync;
  readonly #count: StatementSync;

  constructor(db: DatabaseSync) {
    const samples = 'SELECT time, body FROM reading WHERE meter =';
    this.#knows = db.prepare('SELECT 1 FROM meter WHERE name = ?');
    this.#newest = db.prepare(`
      SELECT time, epoch, reading.seq, body FROM reading JOIN series ON series.id = series
      WHERE reading.meter = ${METER} ORDER BY time DESC LIMIT 1`);
    this.#oldest = db.prepare(`SELECT min(time) AS time FROM reading WHERE meter = ${METER}`);
    this.#upTo = db.prepare(`${samples} ${METER} AND time <= ? ORDER BY time DESC LIMIT 1`);
    this.#after = db.prepare(`${samples} ${METER} AND time > ? ORDER BY time LIMIT 1`);
    this.#between = db.prepare(`${samples} ${METER} AND time >= ? AND time < ? ORDER BY time LIMIT ?`);
    this.#count = db.prepare(`
      SELECT count(*) AS count FROM (
        SELECT 1 FROM reading WHERE meter = ${METER} AND time >= ? AND time < ? LIMIT ?)`);
  }

  /** Whether there ever was a reading of it. */
  knows(meter: string): boolean {
    return this.#knows.get(meter) !== undefined;
  }

  newest(meter: string): Reading | undefined {
    const row = this.#newest.get(meter);
    if (row === undefined) return undefined;
    const { time, epoch, seq, body } = row;
    const reading = JSON.parse(String(body)) as Reading;
    return { ...reading, time: new Date(Number(time)).toISOString(), epoch: String(epoch), seq: Number(seq) };
  }

  /** When the oldest one that has not left the journal was taken. */
  oldest(meter: string): number | undefined {
    return Number(this.#oldest.get(meter)?.time ?? Number.NaN) || undefined;
  }

  /** The last one at or before a moment. */
  upTo(meter: string, time: number): Sample | undefined {
    return sampleOf(this.#upTo.get(meter, time));
  }

  /** The first one after a moment. */
  after(meter: string, time: number): Sample | undefined {
    return sampleOf(this.#after.get(meter, time));
  }

  /** Up to `limit` of [from, to), in order. */
  between(meter: string, from: number, to: number, limit: number): Sample[] {
    return this.#between.all(meter, from, to, limit).flatMap((row) => sampleOf(row) ?? []);
  }

  /** How many there are in [from, to); counts no further than `most`. */
  count(meter: string, from: number, to: number, most: number): number {
    return Number(this.#count.get(meter, from, to, most)?.count);
  }
}

function sampleOf(row: Record<string, unknown> | undefined): Sample | undefined {
  return row && { ...(JSON.parse(String(row.body)) as Omit<Sample, 'at'>), at: Number(row.time) };
}
