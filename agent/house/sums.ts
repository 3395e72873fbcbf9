/** Sums of energy and money, from the hourly and daily ones of the journal; pure. */

import type { EnergyView, MeterView, SumView } from '../doors/views.ts';
import type { Span } from '../journal/calendar.ts';
import type { Rollup } from '../journal/rollups.ts';
import type { Pause } from './patience.ts';

/** Seconds of finished days without which nothing is said of a whole month: most of one day. */
const ENOUGH = 18 * 3600;

export const WATTS_PER_KWH_A_SECOND = 3_600_000;

/** Without the noise of adding up: µWh, or a millionth of the currency. */
const rounded = (sum: number): number => Math.round(sum * 1e9) / 1e9;

/**
 * What a span sums up to. Of real readings; of simulated ones only where it has no others, and it says so:
 * the two are never added up.
 */
export function sumOf(rollups: readonly Rollup[], { start, end }: Span): SumView {
  const parts = ofOneKind(rollups);
  const shares = new Map<string, { tariff: string; energy: number; cost: number }>();
  for (const { tariff, energy, cost } of parts) {
    const share = shares.get(tariff) ?? { tariff, energy: 0, cost: 0 };
    shares.set(tariff, { tariff, energy: share.energy + energy, cost: share.cost + cost });
  }
  return {
    start,
    end,
    energy: rounded(total(parts, 'energy')),
    cost: rounded(total(parts, 'cost')),
    seconds: Math.round(total(parts, 'seconds')),
    simulated: parts.some(isSimulated),
    shares: [...shares.values()]
      .map(({ tariff, energy, cost }) => ({ tariff, energy: rounded(energy), cost: rounded(cost) }))
      .sort((a, b) => b.energy - a.energy),
  };
}

/** The highest reading of what `sumOf` sums up; null where there is none. */
export function maxOf(rollups: readonly Rollup[]): number | null {
  const parts = ofOneKind(rollups);
  return parts.length === 0 ? null : Math.max(...parts.map(({ maxPower }) => maxPower));
}

/**
 * @param rollups those that begin at the same time together, in order. @param spanOf the bucket of a moment.
 * @returns one for each bucket that has a reading, in order.
 */
export async function bucketsOf(
  rollups: readonly Rollup[][],
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
  return buckets.map(({ span, parts }) => ({ ...sumOf(parts, span), max: maxOf(parts) }));
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
  const whole = (key: 'energy' | 'cost') => rounded(month[key] + (total(finished, key) / seconds) * rest);
  return { energy: whole('energy'), cost: whole('cost') };
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
