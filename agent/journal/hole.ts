import type { Reading } from '../../shared/wire.ts';
import { flow, growth, minus, TINY, tell, toldOf } from './totals.ts';

/** Seconds, and intervals, without a reading that are no gap yet. */
const SHORT_SECONDS = 10;
const SHORT_INTERVALS = 3;

/**
 * Where numbers are missing that will never come, because the meter gave their readings up, the totals of
 * the readings on either side still tell what was lost: the later one then carries it as a gap. Numbers
 * that were only skipped leave no trace in time or totals, and are no gap. Where it was money alone, an earlier
 * price had been corrected, and the later one says so.
 *
 * @param before the last reading before the missing numbers, `first` the one after them.
 * @returns `first`, with what was lost.
 */
export function coverHole(before: Reading, first: Reading): Reading {
  const seconds = (Date.parse(first.time) - Date.parse(before.time)) / 1000 - first.interval;
  const known = first.gap_seconds ?? 0;
  const counted = minus(growth(before, first), toldOf(first, 'interval'));
  const uncounted = minus(counted, toldOf(first, 'gap'));
  const uncovered = seconds - known;
  const cadence = first.interval > 0 ? first.interval : before.interval;
  const isShort = uncovered <= Math.max(SHORT_SECONDS, SHORT_INTERVALS * cadence);
  // Totals that went back were begun anew, and say nothing.
  const continues = uncounted.energy >= -TINY && (uncounted.export_energy ?? 0) >= -TINY;
  if (isShort && !(continues && flow(uncounted) > TINY)) {
    return continues ? corrected(first, uncounted.cost, uncounted.credit ?? 0) : first;
  }
  const estimatedEnergy = grown(before.estimated_energy, first.estimated_energy);
  const estimatedCost = grown(before.estimated_cost, first.estimated_cost);
  const missing = cadence > 0 ? Math.round(Math.max(0, uncovered) / cadence) : 1;
  return {
    ...first,
    gap_seconds: Math.max(known, seconds, 0),
    gap_cause: 'dropped',
    gap_readings: (first.gap_readings ?? 0) + Math.min(Math.max(1, missing), first.seq - before.seq - 1),
    ...(continues && tell(counted, 'gap')),
    ...(estimatedEnergy !== undefined && { gap_estimated_energy: estimatedEnergy }),
    ...(estimatedCost !== undefined && { gap_estimated_cost: estimatedCost }),
  };
}

function corrected(first: Reading, cost: number, credit: number): Reading {
  if (Math.abs(cost) <= TINY && Math.abs(credit) <= TINY) return first;
  return {
    ...first,
    cost_correction: (first.cost_correction ?? 0) + cost,
    ...(first.credit !== undefined && { credit_correction: (first.credit_correction ?? 0) + credit }),
  };
}

/** Of a total that both readings have and that did not go back. */
function grown(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined || after < before ? undefined : after - before;
}
