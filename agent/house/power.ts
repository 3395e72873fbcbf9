/** Power over minutes to years. */

import type { Range } from '../doors/queries.ts';
import type { PowerView } from '../doors/views.ts';
import type { Gap } from '../journal/gaps.ts';
import type { History } from '../journal/journal.ts';
import type { Rollup } from '../journal/rollups.ts';
import type { Sample } from '../journal/timeline.ts';
import { columnsOf, type Point } from './columns.ts';
import type { PhaseField } from './fields.ts';
import { meansOf } from './means.ts';
import type { Pause } from './patience.ts';
import { maxOf, ofOneKind, WATTS_PER_KWH_A_SECOND } from './sums.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
/** Steps of a chart that people can read, in seconds. */
const STEPS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800];
/** ms; beyond it the hourly sums say enough. */
const LONGEST_FINE = 8 * DAY;
/** Hours that are shown for each point that was asked for, before days are. */
const HOURS_A_POINT = 4;
/** Rows, and gaps, that are read at a time. */
const CHUNK = 500;
const MOST_GAPS = 10_000;
/** ms of hourly or daily sums that are read at a time. */
const HOURS_AT_ONCE = 20 * DAY;
const DAYS_AT_ONCE = 366 * DAY;

interface Asked {
  meter: string;
  range: Range;
  /** About so many. */
  points: number;
  /** What its readings carry for each phase, in order. */
  fields: readonly PhaseField[];
}

/** Looks into the journal; throws while that is closed. */
export type Look = <T>(work: (history: History) => T) => T;

/**
 * Every reading of a range that has no more than `points`; means of equal steps up to a week; hours and
 * days beyond, and where the readings have left the journal.
 */
export async function powerOf(look: Look, asked: Asked, pause: Pause): Promise<PowerView> {
  const { meter, range, fields, points } = asked;
  const span = range.to - range.from;
  const view = { meter, from: range.from, to: range.to };
  const step = STEPS.find((seconds) => span / SECOND / seconds <= points);
  if (span <= LONGEST_FINE && step !== undefined && !hasLeft(look, asked)) {
    const count = look(({ timeline }) => timeline.count(meter, range.from, range.to, points + 1));
    if (count <= points) {
      const readings = await readingsOf(look, asked, pause);
      return { ...view, step: 0, source: 'readings', ...columnsOf(readings, fields) };
    }
    const means = await stepsOf(look, asked, step * SECOND, pause);
    return { ...view, step, source: 'readings', ...columnsOf(means, fields) };
  }
  const unit = span / HOUR <= points * HOURS_A_POINT ? 'hour' : 'day';
  const length = unit === 'hour' ? HOUR : DAY;
  const rollups = await rollupsOf(look, { ...asked, unit }, pause);
  return {
    ...view,
    step: length / SECOND,
    source: unit,
    ...columnsOf(withHoles(rollups.map(pointOf), length), []),
  };
}

/** The sums of a meter that begin in a range, a piece at a time. */
export async function rollupsOf(
  look: Look,
  { meter, range, unit }: { meter: string; range: Range; unit: 'hour' | 'day' },
  pause: Pause,
): Promise<Rollup[][]> {
  const atOnce = unit === 'hour' ? HOURS_AT_ONCE : DAYS_AT_ONCE;
  const found: Rollup[] = [];
  for (let from = range.from; from < range.to; from += atOnce) {
    const to = Math.min(from + atOnce, range.to);
    found.push(...look(({ rollups }) => rollups.select(unit, from, to, meter)));
    await pause();
  }
  return byStart(found);
}

/** Whether readings of the range are gone, of which the sums still tell. */
function hasLeft(look: Look, { meter, range }: Asked): boolean {
  return look(({ timeline, rollups }) => {
    const oldest = timeline.oldest(meter) ?? range.to;
    return oldest > range.from + HOUR && rollups.select('hour', range.from, oldest - HOUR, meter).length > 0;
  });
}

async function readingsOf(look: Look, { meter, range }: Asked, pause: Pause): Promise<Point[]> {
  const points: Point[] = [];
  let from = range.from;
  for (;;) {
    const samples = look(({ timeline }) => timeline.between(meter, from, range.to, CHUNK));
    points.push(...samples.flatMap((sample) => [...holeBefore(sample), readingPoint(sample)]));
    const last = samples.at(-1);
    if (samples.length < CHUNK || last === undefined) return points.filter(({ time }) => time >= range.from);
    from = last.at + 1;
    await pause();
  }
}

function readingPoint(sample: Sample): Point {
  return { time: sample.at, power: sample.power, max: sample.power, quality: sample.quality, phases: sample };
}

/** A line must not be drawn over what nobody read. */
function holeBefore({ at, interval, gap_seconds }: Sample): Point[] {
  return gap_seconds === undefined ? [] : [{ time: Math.round(at - (interval + gap_seconds / 2) * SECOND) }];
}

async function stepsOf(look: Look, { meter, range }: Asked, step: number, pause: Pause): Promise<Point[]> {
  // Boundaries do not move with the range: the points of a chart stay where they are as it goes on.
  const start = Math.floor(range.from / step) * step;
  const count = Math.ceil((range.to - start) / step);
  const past = {
    upTo: (time: number) => look(({ timeline }) => timeline.upTo(meter, time)),
    after: (time: number) => look(({ timeline }) => timeline.after(meter, time)),
  };
  return meansOf(past, gapsOf(look, meter, range), { start, step, count }, pause);
}

/** In order of their ends. */
function gapsOf(look: Look, meter: string, { from, to }: Range): Gap[] {
  return look(({ gaps }) => gaps.select(from - DAY, to, MOST_GAPS))
    .filter((gap) => gap.meter === meter)
    .sort((a, b) => a.end - b.end);
}

function pointOf(rollups: Rollup[]): Point {
  const parts = ofOneKind(rollups);
  const seconds = parts.reduce((sum, part) => sum + part.seconds, 0);
  const energy = parts.reduce((sum, part) => sum + part.energy - part.exportEnergy, 0);
  const [longest] = parts.toSorted((a, b) => b.seconds - a.seconds);
  return {
    time: longest?.start ?? 0,
    ...(seconds > 0 && { power: (energy / seconds) * WATTS_PER_KWH_A_SECOND }),
    max: maxOf(parts) ?? undefined,
    quality: longest?.quality,
  };
}

/** Days may have 25 hours, so only what is much longer is a hole. */
function withHoles(points: readonly Point[], length: number): Point[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1];
    const isHole = before !== undefined && point.time - before.time > 1.5 * length;
    return isHole ? [{ time: before.time + length }, point] : [point];
  });
}

function byStart(rollups: readonly Rollup[]): Rollup[][] {
  return [...Map.groupBy(rollups, ({ start }) => start).values()];
}
