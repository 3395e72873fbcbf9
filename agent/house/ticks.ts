/** Power where the totals grow in ticks, because the meter's own registers do. */
import type { Sample } from '../journal/timeline.ts';
import { WATTS_PER_KWH_A_SECOND } from './sums.ts';

/** How far an interval's energy may be from what its power comes to, of that. */
const SMOOTH = 0.1;
/** Readings that are looked at in a step. */
const LOOKS = 10;
/** By how much a tick may falsify the mean of a step: W, or of the mean. */
const LEAST_ERROR = 25;
const PART = 0.05;

/** Whether its interval's energy is that of its power; for other than measured power it always is. */
export function isSmooth(sample: Sample): boolean {
  if (sample.power_basis !== 'measured') return true;
  const expected = (sample.power * sample.interval) / WATTS_PER_KWH_A_SECOND;
  return Math.abs(netOf(sample) - expected) <= SMOOTH * Math.abs(expected);
}

/** kWh taken in during the interval, less what was fed out. */
export function netOf({ interval_energy, interval_export_energy = 0 }: Sample): number {
  return interval_energy - interval_export_energy;
}

/**
 * The mean of what the meter itself said of its power, where a single tick of its registers would falsify what
 * they tell of so short a time.
 *
 * @param upTo the last reading at or before a moment. @param from ms since 1970 UTC, the readings that count come later.
 * @returns W; undefined where the registers tell enough.
 */
export function powerDespiteTicks(
  upTo: (time: number) => Sample | undefined,
  { from, to }: { from: number; to: number },
): number | undefined {
  const seen: Sample[] = [];
  for (let look = 1; look <= LOOKS; look += 1) {
    const sample = upTo(from + ((to - from) * look) / LOOKS);
    if (sample !== undefined && sample.at > from) seen.push(sample);
  }
  if (seen.length === 0 || seen.every(isSmooth)) return undefined;
  const mean = seen.reduce((sum, { power }) => sum + power, 0) / seen.length;
  const tick = Math.max(...seen.map((sample) => Math.abs(netOf(sample))));
  const error = (tick * WATTS_PER_KWH_A_SECOND) / ((to - from) / 1000);
  const isFine = tick > 0 && error <= Math.max(LEAST_ERROR, PART * Math.abs(mean));
  return isFine ? undefined : mean;
}
