import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { GapCause, Reading } from '../../shared/wire.ts';

/** A time without readings. Energies in kWh, costs in currency; what is not known is 0. */
export interface Gap {
  meter: string;
  /** Wall clock, ms since 1970 UTC. */
  start: number;
  end: number;
  cause: GapCause;
  /** How many are missing; an estimate where the device does not number its own. */
  readings: number;
  /** What the meter counted meanwhile. */
  energy: number;
  cost: number;
  exportEnergy: number;
  credit: number;
  /** What nobody counted. */
  estimatedEnergy: number;
  estimatedCost: number;
}

/** A silence that no reading has ended yet; ms since 1970 UTC. */
export interface OpenGap {
  meter: string;
  start: number;
  end: null;
}

/** @param newest when the newest reading of each meter was taken. @param maxGapOf ms that are no gap of a meter yet. */
export function openGaps(
  newest: readonly { meter: string; time: number }[],
  maxGapOf: (meter: string) => number,
  now: number,
): OpenGap[] {
  return newest
    .filter(({ meter, time }) => now - time > maxGapOf(meter))
    .map(({ meter, time }) => ({ meter, start: time, end: null }));
}

/** The gap that a reading carries; undefined where it follows the one before without any. */
export function gapOf(meter: string, time: number, reading: Reading): Gap | undefined {
  if (reading.gap_seconds === undefined) return undefined;
  const end = Math.round(time - reading.interval * 1000);
  return {
    meter,
    start: Math.round(end - reading.gap_seconds * 1000),
    end,
    cause: reading.gap_cause ?? 'silence',
    readings: reading.gap_readings ?? 0,
    energy: reading.gap_energy ?? 0,
    cost: reading.gap_cost ?? 0,
    exportEnergy: reading.gap_export_energy ?? 0,
    credit: reading.gap_credit ?? 0,
    estimatedEnergy: reading.gap_estimated_energy ?? 0,
    estimatedCost: reading.gap_estimated_cost ?? 0,
  };
}

/** The gaps of all meters; they stay when the readings around them have left the journal. */
export class Gaps {
  readonly #db: DatabaseSync;
  readonly #select: StatementSync;
  #insert: StatementSync | undefined;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#select = db.prepare(`
      SELECT gap.*, name FROM gap JOIN meter ON meter.id = gap.meter
      WHERE end > ? AND start < ? ORDER BY start DESC LIMIT ?`);
  }

  add(gap: Gap): void {
    const { meter, start, end, cause, readings, energy, cost, estimatedEnergy, estimatedCost } = gap;
    // Made when it is needed: who only reads may have a file of an earlier version.
    this.#insert ??= this.#db.prepare(`
      INSERT INTO gap (
        meter, start, end, cause, readings, energy, cost, estimated_energy, estimated_cost, export_energy, credit
      ) VALUES ((SELECT id FROM meter WHERE name = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#insert.run(
      ...[meter, start, end, cause, readings, energy, cost, estimatedEnergy, estimatedCost],
      ...[gap.exportEnergy, gap.credit],
    );
  }

  /** Those that touch [from, to), newest first. */
  select(from: number, to: number, limit: number): Gap[] {
    return this.#select.all(from, to, limit).map((row) => ({
      meter: String(row.name),
      start: Number(row.start),
      end: Number(row.end),
      cause: String(row.cause) as GapCause,
      readings: Number(row.readings),
      energy: Number(row.energy),
      cost: Number(row.cost),
      exportEnergy: Number(row.export_energy ?? 0),
      credit: Number(row.credit ?? 0),
      estimatedEnergy: Number(row.estimated_energy),
      estimatedCost: Number(row.estimated_cost),
    }));
  }
}
