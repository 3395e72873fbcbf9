import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Reading } from '../../shared/wire.ts';

/** A reading that a store refused for good. Times in ms since 1970 UTC. */
export interface DeadLetter {
  store: string;
  /** Its id in the journal. */
  id: number;
  meter: string;
  /** Of the reading, and of its refusal. */
  time: number;
  at: number;
  reason: string;
  reading: Reading;
}

/** Dead letters of one store that are kept; the newest tell more than the oldest. */
const MOST = 10_000;

/** Readings that a store refused for good, with its reason. */
export class DeadLetters {
  readonly #insert: StatementSync;
  readonly #count: StatementSync;
  readonly #dropOldest: StatementSync;
  readonly #select: StatementSync;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare(`
      INSERT INTO letter (store, id, meter, time, at, reason, reading) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING`);
    this.#count = db.prepare('SELECT count(*) AS count FROM letter WHERE store = ?');
    this.#dropOldest = db.prepare(
      'DELETE FROM letter WHERE number IN (SELECT number FROM letter WHERE store = ? ORDER BY number LIMIT ?)',
    );
    this.#select = db.prepare('SELECT * FROM letter ORDER BY number DESC LIMIT ?');
  }

  add({ store, id, meter, time, at, reason, reading }: DeadLetter): void {
    this.#insert.run(store, id, meter, time, at, reason, JSON.stringify(reading));
  }

  /** Drops the oldest of a store beyond what is kept; returns how many. */
  trim(store: string): number {
    const excess = Number(this.#count.get(store)?.count) - MOST;
    if (excess > 0) this.#dropOldest.run(store, excess);
    return Math.max(0, excess);
  }

  /** The newest first. */
  select(limit: number): DeadLetter[] {
    return this.#select.all(limit).map((row) => ({
      store: String(row.store),
      id: Number(row.id),
      meter: String(row.meter),
      time: Number(row.time),
      at: Number(row.at),
      reason: String(row.reason),
      reading: JSON.parse(String(row.reading)) as Reading,
    }));
  }
}
