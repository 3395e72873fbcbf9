import type { Counts } from '../../agent/journal/counts.ts';
import type { Rollup } from '../../agent/journal/rollups.ts';
import type { Range } from '../../meter/tariff/dynamic/source.ts';
import type { Slice } from '../../meter/tariff/pricing.ts';

const HOUR = 3_600_000;
/** Readings and hourly sums agree to this part; where they do not, a total began anew. */
const AGREES = 1e-3;
const TINY = 1e-6;

/** What flowed within one hour, and what was charged for it then. */
export interface HourFlow extends Range {
  /** kWh. */
  import: number;
  export: number;
  /** Currency, as it was charged. */
  cost: number;
  credit: number;
  /** The price changes within it, and how its energy was spread is not known any more. */
  coarse: boolean;
}

/**
 * What flowed in a range, in order, by the hour; where a price changes within one, by the slice.
 *
 * @param rollups the hourly sums of one meter, in order.
 * @param split cuts a range wherever a price changes.
 * @param countsAt the totals at a moment, where readings still tell of it.
 */
export function* flowsOf(
  rollups: Iterable<Rollup>,
  { from, to }: Range,
  split: (from: number, to: number) => Pick<Slice, 'from' | 'to'>[],
  countsAt: (time: number) => Counts | undefined,
): Generator<HourFlow> {
  for (const hour of hoursOf(rollups)) {
    const inside = { from: Math.max(from, hour.from), to: Math.min(to, hour.to) };
    if (inside.from >= inside.to) continue;
    const slices = split(inside.from, inside.to);
    const isWhole = inside.from === hour.from && inside.to === hour.to;
    if (slices.length === 1 && isWhole) yield { ...hour, coarse: false };
    else yield* cut(hour, slices, countsAt);
  }
}

/** The sums of an hour over all tariffs and qualities. */
function* hoursOf(rollups: Iterable<Rollup>): Generator<Omit<HourFlow, 'coarse'>> {
  let hour: Omit<HourFlow, 'coarse'> | undefined;
  for (const { start, energy, exportEnergy, cost, credit } of rollups) {
    if (hour?.from !== start) {
      if (hour !== undefined) yield hour;
      hour = { from: start, to: start + HOUR, import: 0, export: 0, cost: 0, credit: 0 };
    }
    hour.import += energy;
    hour.export += exportEnergy;
    hour.cost += cost;
    hour.credit += credit;
  }
  if (hour !== undefined) yield hour;
}

/** Spreads an hour's sums over slices of it: as the readings tell, or else evenly. */
function* cut(
  hour: Omit<HourFlow, 'coarse'>,
  slices: readonly Pick<Slice, 'from' | 'to'>[],
  countsAt: (time: number) => Counts | undefined,
): Generator<HourFlow> {
  const whole = grown(hour, countsAt);
  const isTold =
    whole !== undefined && agrees(whole.import, hour.import) && agrees(whole.export, hour.export);
  for (const { from, to } of slices) {
    const even = (to - from) / (hour.to - hour.from);
    const part = isTold ? grown({ from, to }, countsAt) : undefined;
    const shareOf = (told: number | undefined, all: number) =>
      told === undefined || Math.abs(all) < TINY ? even : Math.min(1, Math.max(0, told / all));
    const bought = shareOf(part?.import, whole?.import ?? 0);
    const sold = shareOf(part?.export, whole?.export ?? 0);
    yield {
      from,
      to,
      import: hour.import * bought,
      export: hour.export * sold,
      cost: hour.cost * bought,
      credit: hour.credit * sold,
      coarse: part === undefined && hour.import + hour.export > 0,
    };
  }
}

/** By how much the totals grew; undefined where readings do not tell, or the totals began anew. */
function grown(
  { from, to }: Range,
  countsAt: (time: number) => Counts | undefined,
): { import: number; export: number } | undefined {
  const [before, after] = [countsAt(from), countsAt(to)];
  if (before === undefined || after === undefined) return undefined;
  return { import: after.import - before.import, export: after.export - before.export };
}

function agrees(told: number, summed: number): boolean {
  return Math.abs(told - summed) <= TINY + Math.abs(summed) * AGREES;
}
