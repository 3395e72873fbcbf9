/** Sums of energy and money, from the hourly and daily ones of the journal; pure. */

import { round } from '../../shared/round.ts';
import type { EnergyView, MeterView, SumView } from '../doors/views.ts';
import type { Span } from '../journal/calendar.ts';
import type { Rollup } from '../journal/rollups.ts';
import type { Growth, StandingField } from '../journal/standings.ts';
import type { Pause } from './patience.ts';

/** Seconds of finished days without which nothing is said of a whole month: most of one day. */
const ENOUGH = 18 * 3600;

export const WATTS_PER_KWH_A_SECOND = 3_600_000;

/**
 * What a span sums up to. Of real readings; of simulated ones only where it has no others, and it says so:
 * the two are never added up.
 * @param growths of what its readings carry as totals alone.
 */
export function sumOf(
  rollups: readonly Rollup[],
  { start, end }: Span,
  growths: readonly Growth[] = [],
): SumView {
  const parts = ofOneKind(rollups);
  const simulated = parts.some(isSimulated);
  const grown = (field: StandingField) => {
    const own = growths.filter((growth) => growth.field === field && growth.simulated === simulated);
    return own.length === 0 ? null : round(total(own, 'amount'));
  };
  const fixed_cost = grown('fixed_cost') ?? 0;
  const sums = amountsOf(parts);
  return {
    start,
    end,
    ...sums,
    fixed_cost,
    net: round(sums.cost + fixed_cost - sums.credit),
    gas: grown('gas'),
    water: grown('water'),
    seconds: Math.round(total(parts, 'seconds')),
    simulated,
    shares: [...Map.groupBy(parts, ({ tariff }) => tariff)]
      .map(([tariff, share]) => ({ tariff, ...amountsOf(share) }))
      .sort((a, b) => b.energy - a.energy || b.export_energy - a.export_energy),
  };
}

function amountsOf(parts: readonly Rollup[]) {
  return {
    energy: round(total(parts, 'energy')),
    cost: round(total(parts, 'cost')),
    export_energy: round(total(parts, 'exportEnergy')),
    credit: round(total(parts, 'credit')),
  };
}

/** The highest reading of what `sumOf` sums up; null where there is none. */
export function maxOf(rollups: readonly Rollup[]): number | null {
  const parts = ofOneKind(rollups);
  return parts.length === 0 ? null : Math.max(...parts.map(({ maxPower }) => maxPower));
}

/**
 * @param rollups those that begin at the same time together, in order. @param growths in order.
 * @param spanOf the bucket of a moment.
 * @returns one for each bucket that has a reading, in order.
 */
export async function bucketsOf(
  { rollups, growths }: { rollups: readonly Rollup[][]; growths: readonly Growth[] },
  spanOf: (time: number) => Span,
  pause: Pause,
): Promise<EnergyView['buckets']> {
  const buckets: { span: Span; parts: Rollup[] }[] = [];
  for (const parts of rollups) {
    const start = parts[0]?.start ?? 0;
    const last = buckets.at(-1);
    if (last !== undefined && start < last.span.end) last.parts.push(...parts);
    else buckets.push({ span: spanOf(start), parts: [...parts] });
    await pause();
  }
  const grown = Map.groupBy(growths, ({ start }) => spanOf(start).start);
  return buckets.map(({ span, parts }) => ({
    ...sumOf(parts, span, grown.get(span.start)),
    max: maxOf(parts),
  }));
}

/**
 * What the whole month will come to: what was measured, and for the rest of it the mean of its finished
 * days. Today is no measure, for its evening is still to come; null until a day is over.
 */
export function forecast(month: SumView, days: readonly SumView[], now: number): MeterView['forecast'] {
  const finished = days.filter(({ end, simulated }) => end <= now && simulated === month.simulated);
  const seconds = total(finished, 'seconds');
  if (seconds < ENOUGH) return null;
  const rest = Math.max(0, (month.end - month.start) / 1000 - month.seconds);
  const whole = (key: 'energy' | 'cost' | 'export_energy' | 'credit' | 'fixed_cost' | 'net') =>
    round(month[key] + (total(finished, key) / seconds) * rest);
  return {
    energy: whole('energy'),
    cost: whole('cost'),
    export_energy: whole('export_energy'),
    credit: whole('credit'),
    fixed_cost: whole('fixed_cost'),
    net: whole('net'),
  };
}

export function ofOneKind(rollups: readonly Rollup[]): readonly Rollup[] {
  const real = rollups.filter((rollup) => !isSimulated(rollup));
  return real.length > 0 ? real : rollups;
}

function isSimulated({ quality }: Rollup): boolean {
  return quality === 'simulated';
}

function total<K extends string>(parts: readonly Record<K, number>[], key: K): number {
  return parts.reduce((sum, part) => sum + part[key], 0);
}
