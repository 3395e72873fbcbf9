import type { Reading } from '../../shared/wire.ts';

/** kWh below which a difference of totals is rounding. */
const TINY = 1e-6;
/** Seconds, and intervals, without a reading that are no gap yet. */
const SHORT_SECONDS = 10;
const SHORT_INTERVALS = 3;

/**
 * Where numbers are missing that will never come, because the meter gave their readings up, the totals of
 * the readings on either side still tell what was lost: the later one then carries it as a gap. Numbers
 * that were only skipped leave no trace in time or totals, and are no gap.
 *
 * @param before the last reading before the missing numbers, `first` the one after them.
 * @returns `first`, with the gap where there is one.
 */
export function coverHole(before: Reading, first: Reading): Reading {
  const seconds = (Date.parse(first.time) - Date.parse(before.time)) / 1000 - first.interval;
  const known = first.gap_seconds ?? 0;
  const energy = first.energy - first.interval_energy - before.energy;
  const cost = first.cost - first.interval_cost - before.cost;
  const uncounted = energy - (first.gap_energy ?? 0);
  const uncovered = seconds - known;
  const cadence = first.interval > 0 ? first.interval : before.interval;
  if (uncounted <= TINY && uncovered <= Math.max(SHORT_SECONDS, SHORT_INTERVALS * cadence)) return first;
  const estimatedEnergy = growth(before.estimated_energy, first.estimated_energy);
  const estimatedCost = growth(before.estimated_cost, first.estimated_cost);
  const missing = cadence > 0 ? Math.round(Math.max(0, uncovered) / cadence) : 1;
  return {
    ...first,
    gap_seconds: Math.max(known, seconds, 0),
    gap_cause: 'dropped',
    gap_readings: (first.gap_readings ?? 0) + Math.min(Math.max(1, missing), first.seq - before.seq - 1),
    // Totals that went back were begun anew, and say nothing.
    ...(uncounted >= -TINY && { gap_energy: energy, gap_cost: cost }),
    ...(estimatedEnergy !== undefined && { gap_estimated_energy: estimatedEnergy }),
    ...(estimatedCost !== undefined && { gap_estimated_cost: estimatedCost }),
  };
}

/** Of a total that both readings have and that did not go back. */
function growth(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined || after < before ? undefined : after - before;
}
