import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Watermark } from '../../shared/wire.ts';
import type { Floor } from './entry.ts';

/** The readings of one meter's epoch. */
export interface Series {
  readonly name: string;
  readonly epoch: string;
  /** What stands for it, and for its meter, in this file. */
  readonly number: number;
  readonly meter: number;
  /** Its watermark; 0 before there is one. */
  seq: number;
}

/** The series of one open file with their watermarks. What is changed here is saved by `save`. */
export class SeriesTable {
  readonly #db: DatabaseSync;
  readonly #find: StatementSync;
  readonly #save: StatementSync;
  readonly #reach: StatementSync;
  readonly #known = new Map<string, Series>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#find = db.prepare(`
      SELECT series.id, meter, seq FROM series JOIN meter ON meter.id = meter WHERE name = ? AND epoch = ?`);
    this.#save = db.prepare('UPDATE series SET seq = ?, last_id = ? WHERE id = ?');
    // Walks up from a number while the next one is there: usually no step at all.
    this.#reach = db.prepare(`
      WITH RECURSIVE held (seq) AS (
        SELECT ?2
        UNION ALL
        SELECT held.seq + 1 FROM held
        WHERE EXISTS (SELECT 1 FROM reading WHERE series = ?1 AND seq = held.seq + 1)
      )
      SELECT max(seq) AS seq FROM held`);
  }

  find(name: string, epoch: string): Series | undefined {
    const key = `${name} ${epoch}`;
    const known = this.#known.get(key);
    if (known) return known;
    const row = this.#find.get(name, epoch);
    if (row === undefined) return undefined;
    const series = {
      name,
      epoch,
      number: Number(row.id),
      meter: Number(row.meter),
      seq: Number(row.seq ?? 0),
    };
    this.#known.set(key, series);
    return series;
  }

  findOrMake(name: string, epoch: string): Series {
    const found = this.find(name, epoch);
    if (found) return found;
    this.#db.prepare('INSERT INTO meter (name) VALUES (?) ON CONFLICT DO NOTHING').run(name);
    this.#db
      .prepare('INSERT INTO series (meter, epoch) VALUES ((SELECT id FROM meter WHERE name = ?), ?)')
      .run(name, epoch);
    return this.findOrMake(name, epoch);
  }

  /** Brings the watermark to the last of the numbers that follow it without a hole, and writes it. */
  save(series: Series, lastId: number): void {
    series.seq = Number(this.#reach.get(series.number, series.seq)?.seq);
    if (series.seq > 0) this.#save.run(series.seq, lastId, series.number);
  }

  /** Forgets what is in memory, after a transaction that did not end. */
  discard(): void {
    this.#known.clear();
  }

  watermark(name: string, epoch: string): Watermark | undefined {
    const seq = this.find(name, epoch)?.seq ?? 0;
    return seq > 0 ? { epoch, seq } : undefined;
  }

  /** The watermark of each meter's latest epoch. */
  watermarks(): Floor[] {
    const rows = this.#db
      .prepare(`
        SELECT name, epoch, seq, max(last_id) FROM series JOIN meter ON meter.id = meter
        WHERE seq IS NOT NULL GROUP BY meter ORDER BY name`)
      .all();
    return rows.map(({ name, epoch, seq }) => ({
      meter: String(name),
      epoch: String(epoch),
      seq: Number(seq),
    }));
  }
}
