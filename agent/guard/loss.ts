import { round } from '../../shared/round.ts';
import type { Reading } from '../../shared/wire.ts';
import type { Loss } from './incident.ts';

const JOULES_PER_KWH = 3_600_000;

/**
 * What a silence cost. A meter that counts by itself goes on counting, and its first reading after the
 * silence brings the energy along; otherwise the loss is estimated from the last known power.
 *
 * @param before the last reading before the silence, `after` the first one after it.
 * @param cadence ms between two readings, usually; undefined where that is not known.
 */
export function lossOf(before: Reading, after: Reading, cadence = before.interval * 1000): Loss {
  const seconds = Math.max(0, (Date.parse(after.time) - Date.parse(before.time)) / 1000);
  const readings = cadence > 0 ? Math.max(0, Math.round((seconds * 1000) / cadence) - 1) : 0;
  const counted = after.quality === 'counted' || after.quality === 'simulated';
  const energy = counted ? 0 : (Math.abs(before.power) * seconds) / JOULES_PER_KWH;
  return { readings, seconds: round(seconds, 1), energy: round(energy, 6) };
}

/**
 * What the longest silence among some readings of one meter cost.
 * @returns undefined where there are not two readings.
 */
export function longestLoss(readings: readonly Reading[], cadence?: number): Loss | undefined {
  const inTime = readings.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
  let longest: Loss | undefined;
  for (const [index, after] of inTime.entries()) {
    const before = inTime[index - 1];
    if (before === undefined) continue;
    const loss = lossOf(before, after, cadence);
    if (longest === undefined || loss.seconds > longest.seconds) longest = loss;
  }
  return longest;
}
