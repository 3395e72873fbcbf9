import type { Tariff } from '../../shared/settings/schema.ts';
import { billOf } from './calendar.ts';
import type { LocalClock } from './local-clock.ts';

/**
 * What time alone costs: a local day its share, however many hours it has, and every moment of it the same.
 *
 * @returns currency between two times, ms since 1970 UTC; 0 backwards.
 */
export function createFixed(tariff: Tariff, clock: LocalClock): (from: number, to: number) => number {
  const { fixed_daily, fixed_monthly, billing_day } = tariff;
  const costOf = (day: number) => {
    const bill = billOf(day, billing_day);
    return fixed_daily + fixed_monthly / (bill.to - bill.from);
  };
  return (from, to) => {
    if (fixed_daily === 0 && fixed_monthly === 0) return 0;
    let cost = 0;
    for (let start = from; start < to; ) {
      const day = clock.dayAt(start);
      const end = Math.min(day.to, to);
      cost += costOf(day.day) * ((end - start) / (day.to - day.from));
      start = end;
    }
    return cost;
  };
}
