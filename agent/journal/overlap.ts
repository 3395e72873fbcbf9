import type { Reading } from '../../shared/wire.ts';
import { flow, growth, minus, TINY, tell, toldOf } from './totals.ts';

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
  const added = growth(before, reading);
  const interval = toldOf(reading, 'interval');
  const told = flow(interval) + flow(toldOf(reading, 'gap'));
  // Totals that went back were begun anew, and cannot be compared.
  const continues = added.energy >= -TINY && (added.export_energy ?? 0) >= -TINY && flow(added) < told - TINY;
  if (!continues || coveredFrom >= ended) return reading;
  if (ended >= began || reading.gap_seconds === undefined) {
    const { gap_seconds, gap_cause, gap_readings, gap_energy, gap_cost, ...rest } = reading;
    const { gap_export_energy, gap_credit, ...short } = rest;
    const seconds = Math.max(0, Date.parse(reading.time) - ended) / 1000;
    return { ...short, interval: seconds, ...tell(added, 'interval') } as Reading;
  }
  const seconds = (began - ended) / 1000;
  return {
    ...reading,
    gap_seconds: seconds,
    gap_readings: Math.round(((reading.gap_readings ?? 0) * seconds) / reading.gap_seconds),
    ...tell(minus(added, interval), 'gap'),
  };
}
