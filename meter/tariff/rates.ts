import type { Tariff } from '../../shared/settings/schema.ts';
import { DAY_MS } from './calendar.ts';
import { createDayPlan } from './day-plan.ts';
import type { LocalClock } from './local-clock.ts';
import { remembered } from './remembered.ts';
import { type Tier, tiersOf } from './tiers.ts';

const MINUTE_MS = 60_000;

/** What somebody published for a stretch of time; half open, milliseconds since 1970 UTC. */
export interface Published {
  from: number;
  to: number;
  /** Currency per kWh taken in; absent where only what is fed out has a published price. */
  price?: number;
  /** Currency per kWh fed out. */
  exportPrice?: number;
}

/** Published prices as far as they are known; the same question may have another answer later. */
export interface PriceBook {
  /** What is known of the moment. */
  at(time: number): Published | undefined;
  /** The start of the first stretch after `time` of which something is known, in ms; Infinity when there is none. */
  next(time: number): number;
}

/** How a kWh is priced in a stretch of time; half open, ms since 1970 UTC. */
export interface Rate {
  from: number;
  to: number;
  period: string;
  tiers: Tier[];
  /** Currency per kWh, on top of the tier's price. */
  published: number;
  /** Currency per kWh. */
  exportPrice: number | undefined;
  provisional: boolean;
}

/**
 * The rate that holds a moment. It never goes beyond a change of the clocks or a local midnight: in
 * between, local clocks run evenly, and what they show is all that a tariff's rules ask for.
 */
export function createRates(
  tariff: Tariff,
  clock: LocalClock,
  book: PriceBook | undefined,
): (time: number) => Rate {
  const planOf = createDayPlan(tariff);
  const writtenAt = remembered((time): Rate => {
    const stretch = clock.stretchAt(time);
    const day = Math.floor((time + stretch.offset) / DAY_MS);
    const midnight = day * DAY_MS - stretch.offset;
    const part = planOf(day).find(({ to }) => time < midnight + to * MINUTE_MS);
    if (part === undefined) throw new Error(`pricing ${time}: beyond its own day`);
    const { period } = part;
    return {
      from: Math.max(stretch.from, midnight + part.from * MINUTE_MS),
      to: Math.min(stretch.to, midnight + part.to * MINUTE_MS),
      period: period.name,
      tiers: tiersOf(period.price),
      published: 0,
      exportPrice: period.export_price ?? tariff.export_price,
      provisional: false,
    };
  });
  const { dynamic } = tariff;
  if (dynamic === undefined) return writtenAt;
  const exporting = dynamic.export !== undefined;
  const importing = dynamic.import !== undefined || dynamic.meter || !exporting;
  return (time) => {
    const written = writtenAt(time);
    const known = book?.at(time);
    const unknown =
      (importing && known?.price === undefined) || (exporting && known?.exportPrice === undefined);
    return {
      ...written,
      from: known ? Math.max(written.from, known.from) : time,
      to: Math.min(written.to, known?.to ?? book?.next(time) ?? Number.POSITIVE_INFINITY),
      published: importing ? (known?.price ?? dynamic.fallback) : 0,
      exportPrice: known?.exportPrice ?? written.exportPrice,
      provisional: unknown,
    };
  };
}
