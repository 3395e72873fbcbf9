import { round } from '../../shared/round.ts';
import type { Reading } from '../../shared/wire.ts';

/** kWh or currency below which a difference of totals is rounding. */
export const TINY = 1e-6;

/** What readings carry a total of, and what they say that it grew by: in the interval, in a gap before it, and besides. */
const TOTALS = [
  { total: 'energy', interval: 'interval_energy', gap: 'gap_energy', besides: undefined },
  { total: 'cost', interval: 'interval_cost', gap: 'gap_cost', besides: 'cost_correction' },
  {
    total: 'export_energy',
    interval: 'interval_export_energy',
    gap: 'gap_export_energy',
    besides: undefined,
  },
  { total: 'credit', interval: 'interval_credit', gap: 'gap_credit', besides: 'credit_correction' },
] as const;

type Total = (typeof TOTALS)[number]['total'];
/** kWh or currency; what is fed out and earned is absent where the meter does not tell of it. */
export type Amounts = { energy: number; cost: number } & { [T in Total]?: number };

/**
 * By how much the totals grew from one reading to the end of a later one, corrections left out. A total that only
 * the later one has was nought before.
 */
export function growth(before: Reading, after: Reading): Amounts {
  return amountsOf(after, ({ total, besides }) => {
    const corrected = besides === undefined ? 0 : (after[besides] ?? 0);
    return (after[total] ?? 0) - (before[total] ?? 0) - corrected;
  });
}

/** What a reading says of its own interval, or of the gap before it. */
export function toldOf(reading: Reading, what: 'interval' | 'gap'): Amounts {
  return amountsOf(reading, (names) => reading[names[what]] ?? 0);
}

export function minus(amounts: Amounts, less: Amounts): Amounts {
  const rest = { ...amounts };
  for (const { total } of TOTALS) {
    const value = amounts[total];
    if (value !== undefined) rest[total] = round(value - (less[total] ?? 0));
  }
  return rest;
}

/** As a reading says it of its interval, or of a gap. */
export function tell(amounts: Amounts, what: 'interval' | 'gap'): Partial<Reading> {
  return Object.fromEntries(
    TOTALS.flatMap(({ total, [what]: name }) => {
      const value = amounts[total];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** kWh in either direction: in the sun, too, something grows. */
export function flow({ energy, export_energy = 0 }: Pick<Amounts, 'energy' | 'export_energy'>): number {
  return energy + export_energy;
}

function amountsOf(reading: Reading, amountOf: (names: (typeof TOTALS)[number]) => number): Amounts {
  const amounts: Amounts = { energy: 0, cost: 0 };
  for (const names of TOTALS)
    if (reading[names.total] !== undefined) amounts[names.total] = round(amountOf(names));
  return amounts;
}
