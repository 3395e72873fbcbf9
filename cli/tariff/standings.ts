import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** Totals as they stood at a moment. */
export interface Standing {
  /** kWh taken in and fed out. */
  import: number;
  export: number;
  /** Currency that time alone has cost; undefined where the readings tell none. */
  fixed: number | undefined;
  /** Names the outbox that counts: totals of two cannot be compared. */
  series: number;
}

const FIELDS = [
  ...['energy', 'interval_energy', 'gap_energy', 'export_energy', 'interval_export_energy'],
  ...['gap_export_energy', 'interval', 'gap_seconds', 'fixed_cost'],
] as const;

/**
 * The totals of one meter at any moment that the journal's readings still tell of. A reading holds totals, so
 * what was used between two moments takes two of them, however many lie between.
 */
export class Standings {
  readonly #db: DatabaseSync;
  readonly #next: StatementSync;
  readonly #last: StatementSync;

  /** @param path of a journal. @throws when there is none. */
  constructor(path: string, meter: string) {
    this.#db = new DatabaseSync(path, { readOnly: true });
    const columns = FIELDS.map((field) => `body ->> '$.${field}' AS ${field}`).join(', ');
    const found = this.#db.prepare('SELECT id FROM meter WHERE name = ?').get(meter);
    const from = `SELECT time, series, ${columns} FROM reading WHERE meter = ${Number(found?.id ?? -1)}`;
    this.#next = this.#db.prepare(`${from} AND time >= ? ORDER BY time LIMIT 1`);
    this.#last = this.#db.prepare(`${from} AND time < ? ORDER BY time DESC LIMIT 1`);
  }

  /** Energy is spread evenly over the interval, or the gap, in which the moment falls. */
  at(time: number): Standing | undefined {
    const next = this.#next.get(time);
    if (next === undefined) {
      const last = this.#last.get(time);
      return last && { ...standing(last), fixed: fixedOf(last) };
    }
    const { import: bought, export: sold, series } = standing(next);
    const interval = number(next.interval) * 1000;
    const gap = number(next.gap_seconds) * 1000;
    const start = number(next.time) - interval;
    const toCome = interval > 0 ? Math.min(1, Math.max(0, (number(next.time) - time) / interval)) : 0;
    const gapToCome = gap > 0 ? Math.min(1, Math.max(0, (start - time) / gap)) : time < start ? 1 : 0;
    return {
      import: bought - number(next.interval_energy) * toCome - number(next.gap_energy) * gapToCome,
      export:
        sold - number(next.interval_export_energy) * toCome - number(next.gap_export_energy) * gapToCome,
      fixed: fixedOf(next),
      series,
    };
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}

type Row = Record<string, unknown>;

function standing(row: Row): Standing {
  return {
    import: number(row.energy),
    export: number(row.export_energy),
    fixed: undefined,
    series: number(row.series),
  };
}

function fixedOf(row: Row): number | undefined {
  return typeof row.fixed_cost === 'number' ? row.fixed_cost : undefined;
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
