/** The mean power of equal steps, from the totals at their boundaries. */
import type { Gap } from '../journal/gaps.ts';
import type { Sample } from '../journal/timeline.ts';
import type { Point } from './columns.ts';
import type { Pause } from './patience.ts';
import { WATTS_PER_KWH_A_SECOND } from './sums.ts';
import { isSmooth, netOf, powerDespiteTicks } from './ticks.ts';

/** ms by which the end of a gap may miss the reading before it. */
const ROUNDING = 2;

/** The readings of one meter. */
export interface Past {
  /** The last one at or before a moment. */
  upTo(time: number): Sample | undefined;
  /** The first one after a moment. */
  after(time: number): Sample | undefined;
}

/** What is known at one moment: the totals, and when it was. What was never fed out is a total of nought. */
type Total = Pick<Sample, 'at' | 'energy' | 'quality'> & { fedOut: number; sample?: Sample };

/**
 * One look-up for each boundary, however many readings lie between. The mean is what the total of what was taken
 * in grew by, less what that of the fed out did, over the time it took, without the gaps in it: exact. It is
 * unknown where nothing was read, and where a total went back or what is simulated and what is not meet. Where a
 * meter's registers tick more coarsely than the steps, it is what the meter itself said of its power.
 *
 * @param gaps that touch the time, by their ends. @param start ms since 1970 UTC. @param step ms.
 */
export async function meansOf(
  past: Past,
  gaps: readonly Gap[],
  { start, step, count }: { start: number; step: number; count: number },
  pause: Pause,
): Promise<Point[]> {
  const points: Point[] = [];
  const gapsWithin = walkThrough(gaps);
  let last = total(past.upTo(start));
  /** The next reading, where it is known that none comes before it. */
  let next: { sample: Sample | undefined } | undefined;
  for (let index = 0; index < count; index += 1) {
    const time = start + index * step;
    const end = time + step;
    if (next?.sample !== undefined && next.sample.at <= end) next = undefined;
    const sample = next === undefined ? past.upTo(end) : undefined;
    if (sample !== undefined && sample.at !== last?.at) {
      points.push({ time, ...mean(past, last ?? beginning(past.after(time)), sample, gapsWithin) });
      last = total(sample);
    } else {
      next ??= { sample: past.after(end) };
      points.push(covering(next.sample, time) ?? { time });
    }
    await pause();
  }
  return points;
}

/** Of what came between two totals. */
function mean(
  past: Past,
  before: Total | undefined,
  sample: Sample,
  gapsWithin: (from: number, to: number) => { seconds: number; energy: number },
): Omit<Point, 'time'> {
  if (before === undefined) return {};
  const gap = gapsWithin(before.at, sample.at);
  const fedOut = sample.export_energy ?? before.fedOut;
  const energy = sample.energy - before.energy - (fedOut - before.fedOut) - gap.energy;
  const seconds = (sample.at - before.at) / 1000 - gap.seconds;
  const isMixed = (sample.quality === 'simulated') !== (before.quality === 'simulated');
  const wentBack = sample.energy < before.energy || fedOut < before.fedOut;
  if (isMixed || wentBack || seconds <= 0) return {};
  const ticked =
    sample.power_basis === 'measured'
      ? powerDespiteTicks(past.upTo, { from: before.at, to: sample.at })
      : undefined;
  return {
    power: ticked ?? (energy / seconds) * WATTS_PER_KWH_A_SECOND,
    quality: sample.quality,
    phases: gap.seconds > 0 ? sample : (before.sample ?? sample),
  };
}

/** Of a step that lies within the interval of one slow reading. */
function covering(sample: Sample | undefined, time: number): Point | undefined {
  if (sample === undefined || sample.interval <= 0) return undefined;
  if (sample.at - sample.interval * 1000 > time + ROUNDING) return undefined;
  return {
    time,
    power: isSmooth(sample) ? (netOf(sample) / sample.interval) * WATTS_PER_KWH_A_SECOND : sample.power,
    quality: sample.quality,
    phases: sample,
  };
}

/** The total before the first reading of all. */
function beginning(first: Sample | undefined): Total | undefined {
  if (first === undefined) return undefined;
  const { at, interval, energy, interval_energy, quality } = first;
  const { export_energy = 0, interval_export_energy = 0 } = first;
  return {
    at: at - interval * 1000,
    energy: energy - interval_energy,
    fedOut: export_energy - interval_export_energy,
    quality,
  };
}

function total(sample: Sample | undefined): Total | undefined {
  if (sample === undefined) return undefined;
  const { at, energy, quality, export_energy: fedOut = 0 } = sample;
  return { at, energy, fedOut, quality, sample };
}

/** @returns what lies between two moments, for pairs of them that follow each other. */
function walkThrough(
  gaps: readonly Gap[],
): (from: number, to: number) => { seconds: number; energy: number } {
  let index = 0;
  return (from, to) => {
    const within = { seconds: 0, energy: 0 };
    for (let gap = gaps[index]; gap !== undefined && gap.end < to; gap = gaps[++index]) {
      if (gap.end < from - ROUNDING) continue;
      within.seconds += (gap.end - Math.max(gap.start, from)) / 1000;
      within.energy += gap.energy - gap.exportEnergy;
    }
    return within;
  };
}
