import type { PowerView } from '../../doors/views.ts';
import type { ReadingView } from './live-reading.ts';
import { type Measure, phaseFieldsOf, type RangeId, rangeOf } from './ranges.ts';

/** ms; a point is never so far from the next that the line between them would hide a gap. */
const LEAST_GAP = 10_000;

/** A chart: a line for each series; null breaks it. */
export interface Lines {
  /** s since 1970 UTC, as uPlot has it. */
  time: number[];
  series: { label: string; values: (number | null)[] }[];
}

/** The lines of one measure, broken wherever a point is missing. */
export function linesOf(view: PowerView, measure: Measure): Lines {
  const columns: (readonly [label: string, values: readonly (number | null)[]])[] =
    measure === 'power'
      ? [
          ['Mean', view.power] as const,
          ...(view.step > 0 && knowsPeaks(view) ? [['Peak', view.max] as const] : []),
        ]
      : phaseFieldsOf(measure, Object.keys(view.fields)).map(({ field, phase }) => [
          `Phase ${phase}`,
          view.fields[field] ?? [],
        ]);
  const limit = gapLimit(view);
  const time: number[] = [];
  const series = columns.map(([label]) => ({ label, values: [] as (number | null)[] }));
  for (const [index, at] of view.time.entries()) {
    const before = view.time[index - 1];
    if (before !== undefined && at - before > limit) {
      time.push((before + at) / 2000);
      for (const { values } of series) values.push(null);
    }
    time.push(at / 1000);
    for (const [n, { values }] of series.entries()) values.push(columns[n]?.[1][index] ?? null);
  }
  return { time, series };
}

/** ms between two points from which on there is a gap between them. */
function gapLimit({ step, time }: PowerView): number {
  if (step > 0) return step * 1500;
  const steps = time.slice(1).map((at, index) => at - (time[index] ?? at));
  const median = steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  return Math.max(LEAST_GAP, 4 * median);
}

/**
 * The view with one more reading, and without what has left its range. Where a point stands for several
 * readings, the last one moves with each of them until it is asked for anew.
 */
export function appendReading(view: PowerView, reading: ReadingView, range: RangeId): PowerView {
  const at = Date.parse(reading.time);
  const last = view.time.at(-1) ?? Number.NEGATIVE_INFINITY;
  if (view.source !== 'readings' || at <= last) return view;
  const to = Math.max(view.to, at);
  const from = to - rangeOf(range).ms;
  const first = view.time.findIndex((time) => time >= from);
  const isNew = view.step === 0 || at >= last + view.step * 1000;
  const begins =
    view.step === 0 ? at : last + Math.floor((at - last) / (view.step * 1000)) * view.step * 1000;
  const start = Number.isFinite(begins) ? begins : at;
  const extend = <T>(column: readonly T[], value: T, merged: (before: T) => T): T[] => {
    const kept = first < 0 ? [] : column.slice(first);
    if (isNew || kept.length === 0) return [...kept, value];
    return [...kept.slice(0, -1), merged(kept.at(-1) ?? value)];
  };
  const power = reading.power;
  return {
    ...view,
    from,
    to,
    time: extend(view.time, start, (before) => before),
    // Nobody knows how many readings are in the mean: this one counts for as much of the step as has passed.
    power: extend<number | null>(view.power, power, (before) =>
      mix(before, power, (at - last) / (view.step * 1000)),
    ),
    max: extend<number | null>(view.max, knowsPeaks(view) || view.step === 0 ? power : null, (before) =>
      before === null ? null : Math.max(before, power),
    ),
    fields: Object.fromEntries(
      Object.entries(view.fields).map(([field, column]) => {
        const value = reading[field];
        return [field, extend(column, typeof value === 'number' ? value : null, (before) => before)];
      }),
    ),
    quality: extend(view.quality, null, (before) => before),
  };
}

/** @param passed 0 … 1, of the step. */
function mix(before: number | null, value: number, passed: number): number {
  if (before === null) return value;
  const weight = 1 / (1 + Math.max(1, passed * 50));
  return before + (value - before) * weight;
}

/** Whether anything of it was fed out. */
export function feedsOut({ power }: PowerView): boolean {
  return power.some((value) => value !== null && value < 0);
}

/** Whether the highest readings are known, and not only means. */
export function knowsPeaks({ max }: PowerView): boolean {
  return max.some((value) => value !== null);
}

/** Where the chart begins: with its first point, but never so late that little would look like much. */
export function startOf({ time }: PowerView, from: number, to: number): number {
  return Math.max(from, Math.min(time[0] ?? from, to - (to - from) / 10));
}

export interface Summary {
  mean: number;
  least: number;
  most: number;
  mostAt: number;
}

/** Of what is shown; undefined where nothing is. */
export function summaryOf({ time, power, max }: PowerView): Summary | undefined {
  let [sum, count] = [0, 0];
  const summary = { mean: 0, least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY, mostAt: 0 };
  for (const [index, at] of time.entries()) {
    const value = power[index];
    if (value === null || value === undefined) continue;
    sum += value;
    count += 1;
    summary.least = Math.min(summary.least, value);
    const peak = max[index] ?? value;
    if (peak > summary.most) Object.assign(summary, { most: peak, mostAt: at });
  }
  return count === 0 ? undefined : { ...summary, mean: sum / count };
}

export interface TableRow {
  from: number;
  mean: number | null;
  most: number | null;
}

/** The same in about so many rows, for who cannot see a line. */
export function tableOf(view: PowerView, rows: number): TableRow[] {
  const size = Math.max(1, Math.ceil(view.time.length / rows));
  const table: TableRow[] = [];
  for (let start = 0; start < view.time.length; start += size) {
    const part = {
      ...view,
      time: view.time.slice(start, start + size),
      power: view.power.slice(start, start + size),
      max: view.max.slice(start, start + size),
    };
    const summary = summaryOf(part);
    table.push({ from: view.time[start] ?? 0, mean: summary?.mean ?? null, most: summary?.most ?? null });
  }
  return table;
}
