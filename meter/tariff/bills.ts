import type { Tariff } from '../../shared/settings/schema.ts';
import { billOf } from './calendar.ts';
import type { LocalClock } from './local-clock.ts';
import { remembered } from './remembered.ts';

/** A stretch of whole local days, ms since 1970 UTC. */
export interface Days {
  from: number;
  to: number;
  days: number;
}

/** The bill that holds a moment. */
export function createBills({ billing_day }: Tariff, clock: LocalClock): (time: number) => Days {
  return remembered((time) => {
    const { from, to } = billOf(clock.dayAt(time).day, billing_day);
    return { from: clock.startOf(from), to: clock.startOf(to), days: to - from };
  });
}
