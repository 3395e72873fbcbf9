import type { Reading } from '../../shared/wire.ts';

/** kWh below which a difference of totals is rounding. */
const TINY = 1e-6;

/**
 * A meter that lost its latest readings with its memory of them, in a power cut for example, counts on from
 * an older state: its first reading then covers time that earlier ones cover already. Totals are right on
 * both sides; so what the later reading adds is their difference.
 *
 * @param before the meter's last reading before `reading` in time, of whatever epoch.
 * @returns `reading`, covering only what comes after `before`.
 */
export function trimOverlap(before: Reading, reading: Reading): Reading {
  const ended = Date.parse(before.time);
  const began = Date.parse(reading.time) - reading.interval * 1000;
  const coveredFrom = began - (reading.gap_seconds ?? 0) * 1000;
  const base = reading.energy - reading.interval_energy - (reading.gap_energy ?? 0);
  // Totals that went back were begun anew, and cannot be compared.
  const continues = base < before.energy - TINY && reading.energy >= before.energy - TINY;
  if (!continues || coveredFrom >= ended) return reading;
  const energy = round(Math.max(0, reading.energy - before.energy));
  const cost = round(reading.cost - before.cost);
  if (ended >= began || reading.gap_seconds === undefined) {
    const { gap_seconds, gap_cause, gap_readings, gap_energy, gap_cost, ...rest } = reading;
    const interval = Math.max(0, Date.parse(reading.time) - ended) / 1000;
    return { ...rest, interval, interval_energy: energy, interval_cost: cost } as Reading;
  }
  const seconds = (began - ended) / 1000;
  return {
    ...reading,
    gap_seconds: seconds,
    gap_readings: Math.round(((reading.gap_readings ?? 0) * seconds) / reading.gap_seconds),
    gap_energy: round(energy - reading.interval_energy),
    gap_cost: round(cost - reading.interval_cost),
  };
}

const round = (value: number): number => Math.round(value * 1e9) / 1e9;
