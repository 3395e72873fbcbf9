import { GiveUpError } from '../../shared/errors.ts';
import { round } from '../../shared/round.ts';
import type { Tariff } from '../../shared/settings/schema.ts';
import { createBills, type Days } from './bills.ts';
import { createFixed } from './fixed.ts';
import { createLocalClock } from './local-clock.ts';
import { createRates, type PriceBook, type Rate } from './rates.ts';
import { sceTouDA } from './shipped/sce-tou-d-a.ts';
import { tieredCost, tierPrice, tiersOf } from './tiers.ts';

export type { PriceBook, Published } from './rates.ts';

/** A stretch of time with one price; half open, milliseconds since 1970 UTC. */
export interface Slice {
  from: number;
  to: number;
  /** Currency per kWh taken in. */
  price: number;
  /** Currency per kWh fed out; absent where nothing is paid for it. */
  exportPrice?: number;
  period: string;
  /** No published price is known yet, and the fallback stands in for it. */
  provisional?: true;
}

/** What was taken in since the tiers of a tariff began anew. */
export interface Bill {
  /** ms since 1970, when they did. */
  from: number;
  /** kWh. */
  energy: number;
}

/** What flowed evenly between two times, kWh. */
export interface Flow {
  import: number;
  export: number;
}

/** What it comes to, in currency. */
interface Charge {
  cost: number;
  credit: number;
  /** To be given with what flows next. */
  bill: Bill;
  /** Some of it was priced by a fallback; the same question may have another answer later. */
  provisional?: true;
}

/** Prices moments and intervals under one tariff; every time is in ms since 1970 UTC. */
export interface Pricing {
  readonly currency: string;
  /** The tariff's periods, each name once, with what a kWh costs in them at first. */
  readonly periods: { name: string; price: number }[];
  /** The slice that holds `time`; in a tariff with tiers, `bill` tells which of them. */
  at(time: number, bill?: Bill): Slice;
  /** The interval cut at every price boundary of time, in order; empty for an empty interval. */
  split(from: number, to: number, bill?: Bill): Slice[];
  /**
   * What a flow costs and earns; it is split at every boundary of time and of tier. In no time at all it
   * is priced as of `to`. A bill that began in another month, or other day, than this one is begun anew.
   */
  charge(flow: Flow, from: number, to: number, bill?: Bill): Charge;
  /** Currency that time alone costs between two times. */
  fixed(from: number, to: number): number;
  /** The bill that holds `time`, from billing day to billing day. */
  billAt(time: number): Days;
}

/** By name. */
export const SHIPPED: ReadonlyMap<string, Tariff> = new Map([['sce-tou-d-a', sceTouDA]]);

/**
 * @param what it is, such as `tariff of car`.
 * @throws GiveUpError with exit code 78 when no tariff of that name is shipped.
 */
export function findTariff(setting: string | Tariff, what = 'meter.tariff'): Tariff {
  const tariff = typeof setting === 'string' ? SHIPPED.get(setting) : setting;
  if (tariff) return tariff;
  const names = [...SHIPPED.keys()].join(', ');
  throw new GiveUpError(
    `reading the settings: ${what}: must be written out or be one of ${names}, got ${JSON.stringify(setting)}`,
    78,
  );
}

/** @param book the published prices of a tariff with `dynamic`; without it, the fallback stands in for all. */
export function createPricing(tariff: Tariff, book?: PriceBook): Pricing {
  const clock = createLocalClock(tariff.zone);
  const rateAt = createRates(tariff, clock, book);
  const billAt = createBills(tariff, clock);
  const resetAt = (time: number): Days =>
    tariff.tiers_reset === 'daily' ? { ...clock.dayAt(time), days: 1 } : billAt(time);

  const at = (time: number, bill?: Bill): Slice => {
    const rate = rateAt(time);
    const reset = resetAt(time);
    return sliceOf(rate, tierPrice(rate.tiers, renewed(bill, reset).energy, reset.days));
  };

  return {
    currency: tariff.currency,
    periods: periodsOf(tariff),
    at,
    split(from, to, bill) {
      const slices: Slice[] = [];
      for (let start = from; start < to; ) {
        const slice = at(start, bill);
        const end = Math.min(slice.to, to);
        slices.push({ ...slice, from: start, to: end });
        start = end;
      }
      return slices;
    },
    charge(flow, from, to, bill) {
      const charge: Charge = { cost: 0, credit: 0, bill: renewed(bill, resetAt(Math.min(from, to))) };
      const add = (time: number, share: number): Rate => {
        const rate = rateAt(time);
        const reset = resetAt(time);
        const { from: began, energy: used } = renewed(charge.bill, reset);
        const energy = flow.import * share;
        charge.cost += energy * rate.published + tieredCost(rate.tiers, { used, energy }, reset.days);
        charge.credit += flow.export * share * (rate.exportPrice ?? 0);
        charge.bill = { from: began, energy: used + energy };
        if (rate.provisional) charge.provisional = true;
        return rate;
      };
      if (to <= from) add(to, 1);
      for (let start = from; start < to; ) {
        // The tiers begin anew at a local midnight, where every rate ends.
        const end = Math.min(rateAt(start).to, to);
        add(start, (end - start) / (to - from));
        start = end;
      }
      return charge;
    },
    fixed: createFixed(tariff, clock),
    billAt,
  };
}

/** A clock that was wrong must not keep a bill for ever: one that did not begin in this one is over. */
function renewed(bill: Bill | undefined, reset: Days): Bill {
  return bill && reset.from <= bill.from && bill.from < reset.to ? bill : { from: reset.from, energy: 0 };
}

function sliceOf({ from, to, published, exportPrice, period, provisional }: Rate, price: number): Slice {
  return {
    from,
    to,
    price: round(published + price),
    ...(exportPrice === undefined ? {} : { exportPrice }),
    period,
    ...(provisional ? { provisional } : {}),
  };
}

function periodsOf({ periods, dynamic }: Tariff): Pricing['periods'] {
  const prices = new Map<string, number>();
  for (const { name, price } of periods)
    if (!prices.has(name))
      prices.set(name, round((dynamic?.fallback ?? 0) + tierPrice(tiersOf(price), 0, 1)));
  return [...prices].map(([name, price]) => ({ name, price }));
}
