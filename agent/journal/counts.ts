import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Totals of a meter as they stood at a moment. */
export interface Counts {
  /** kWh taken in and fed out. */
  import: number;
  export: number;
  /** Currency that time alone has cost; undefined where the readings tell none. */
  fixed: number | undefined;
}

const FIELDS = [
  ...['energy', 'interval_energy', 'gap_energy', 'export_energy', 'interval_export_energy'],
  ...['gap_export_energy', 'interval', 'gap_seconds', 'fixed_cost'],
] as const;

/**
 * The totals of meters at any moment that the journal's readings still tell of. A reading holds totals, so
 * what was used between two moments takes two of them, however many lie between.
 */
export class CountsAt {
  readonly #next: StatementSync;
  readonly #last: StatementSync;

  constructor(db: DatabaseSync) {
    const columns = FIELDS.map((field) => `body ->> '$.${field}' AS ${field}`).join(', ');
    const from = `SELECT time, ${columns} FROM reading WHERE meter = (SELECT id FROM meter WHERE name = ?)`;
    this.#next = db.prepare(`${from} AND time >= ? ORDER BY time LIMIT 1`);
    this.#last = db.prepare(`${from} AND time < ? ORDER BY time DESC LIMIT 1`);
  }

  /** Energy is spread evenly over the interval, or the gap, in which the moment falls. */
  at(meter: string, time: number): Counts | undefined {
    const next = this.#next.get(meter, time);
    if (next === undefined) {
      const last = this.#last.get(meter, time);
      return last && countsOf(last);
    }
    const { import: bought, export: sold, fixed } = countsOf(next);
    const interval = number(next.interval) * 1000;
    const gap = number(next.gap_seconds) * 1000;
    const start = number(next.time) - interval;
    const toCome = interval > 0 ? Math.min(1, Math.max(0, (number(next.time) - time) / interval)) : 0;
    const gapToCome = gap > 0 ? Math.min(1, Math.max(0, (start - time) / gap)) : time < start ? 1 : 0;
    return {
      import: bought - number(next.interval_energy) * toCome - number(next.gap_energy) * gapToCome,
      export:
        sold - number(next.interval_export_energy) * toCome - number(next.gap_export_energy) * gapToCome,
      fixed,
    };
  }
}

type Row = Record<string, unknown>;

function countsOf({ energy, export_energy, fixed_cost }: Row): Counts {
  return {
    import: number(energy),
    export: number(export_energy),
    fixed: typeof fixed_cost === 'number' ? fixed_cost : undefined,
  };
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
