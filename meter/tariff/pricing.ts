import { Temporal } from 'temporal-polyfill';
import { GiveUpError } from '../../shared/errors.ts';
import type { Tariff } from '../../shared/settings/schema.ts';
import { sceTouDA } from './shipped/sce-tou-d-a.ts';

type Period = Tariff['periods'][number];

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
export interface Charge {
  cost: number;
  credit: number;
  /** To be given with what flows next. */
  bill: Bill;
}

/** Prices moments and intervals under one tariff. */
export interface Pricing {
  readonly currency: string;
  /** The tariff's periods, with what a kWh costs in them at first. */
  readonly periods: { name: string; price: number }[];
  /** The slice that holds `time`; in a tariff with tiers, `bill` tells which of them. */
  at(time: number, bill?: Bill): Slice;
  /** The interval cut at every price boundary, in order; empty for an empty interval. */
  split(from: number, to: number): Slice[];
  /** What a flow costs and earns; it is split at every boundary of time and of tier. */
  charge(flow: Flow, from: number, to: number, bill?: Bill): Charge;
  /** Currency that time alone costs between two times. */
  fixed(from: number, to: number): number;
}

const SHIPPED = new Map<string, Tariff>([['sce-tou-d-a', sceTouDA]]);
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** @throws GiveUpError with exit code 78 when no tariff of that name is shipped. */
export function findTariff(setting: string | Tariff): Tariff {
  const tariff = typeof setting === 'string' ? SHIPPED.get(setting) : setting;
  if (tariff) return tariff;
  const names = [...SHIPPED.keys()].join(', ');
  throw new GiveUpError(
    `reading the settings: meter.tariff: must be written out or be one of ${names}, got ${JSON.stringify(setting)}`,
    78,
  );
}

/** Time of use: rules in local time of an IANA zone, the first that matches a moment gives its price. */
export function createPricing(tariff: Tariff): Pricing {
  let current: Slice | undefined;
  const at = (time: number): Slice => {
    // A meter asks for the same slice thousands of times before the next one.
    if (current === undefined || time < current.from || time >= current.to) current = findSlice(tariff, time);
    return current;
  };
  const split = (from: number, to: number) => {
    const slices: Slice[] = [];
    for (let start = from; start < to; ) {
      const slice = at(start);
      const end = Math.min(slice.to, to);
      slices.push({ ...slice, from: start, to: end });
      start = end;
    }
    return slices;
  };
  return {
    currency: tariff.currency,
    periods: tariff.periods.map(({ name, price }) => ({ name, price: firstPrice(price) })),
    at,
    split,
    charge(flow, from, to, bill = { from, energy: 0 }) {
      const charge: Charge = { cost: 0, credit: 0, bill };
      for (const slice of to > from ? split(from, to) : [{ ...at(to), from: to - 1, to }]) {
        const share = (slice.to - slice.from) / Math.max(1, to - from);
        charge.cost += flow.import * share * slice.price;
        charge.credit += flow.export * share * (slice.exportPrice ?? 0);
      }
      return { ...charge, bill: { ...bill, energy: bill.energy + flow.import } };
    },
    fixed: () => 0,
  };
}

function firstPrice(price: Period['price']): number {
  return typeof price === 'number' ? price : (price[0]?.price ?? 0);
}

/** Between two neighbouring boundaries of a local day nothing can change, so any moment inside speaks for all. */
function findSlice(tariff: Tariff, time: number): Slice {
  const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(time)).toZonedDateTimeISO(tariff.zone);
  const boundaries = dayBoundaries(tariff, local);
  const from = Math.max(...boundaries.filter((boundary) => boundary <= time));
  const to = Math.min(...boundaries.filter((boundary) => boundary > time));
  const period = tariff.periods.find((candidate) => matches(candidate, local));
  if (period === undefined) throw new Error(`pricing ${local}: no period of ${tariff.name} matches`);
  return { from, to, price: firstPrice(period.price), period: period.name };
}

/**
 * Every instant of the local day at which the price may change: its midnights, each rule's times, and
 * the change of the clocks. On the long day of autumn a time of day comes twice and both are boundaries.
 */
function dayBoundaries(tariff: Tariff, local: Temporal.ZonedDateTime): number[] {
  const midnight = local.startOfDay();
  // A day may begin at one o'clock, and the next one not.
  const tomorrow = midnight.add({ days: 1 }).startOfDay();
  const boundaries = [midnight.epochMilliseconds, tomorrow.epochMilliseconds];
  const change = midnight.getTimeZoneTransition('next');
  if (change) boundaries.push(change.epochMilliseconds);
  for (const edge of tariff.periods.flatMap(({ from, to }) => [from, to])) {
    if (edge === undefined || edge.startsWith('24')) continue;
    const plain = local.toPlainDate().toPlainDateTime(edge);
    for (const disambiguation of ['earlier', 'later'] as const)
      boundaries.push(plain.toZonedDateTime(tariff.zone, { disambiguation }).epochMilliseconds);
  }
  return boundaries;
}

function matches(period: Period, local: Temporal.ZonedDateTime): boolean {
  const weekday = WEEKDAYS[local.dayOfWeek - 1];
  if (period.months && !period.months.includes(local.month)) return false;
  if (period.days && !period.days.some((day) => day === weekday)) return false;
  if (period.from === undefined || period.to === undefined) return true;
  const minute = local.hour * 60 + local.minute;
  const [from, to] = [minutes(period.from), minutes(period.to)];
  return from < to ? from <= minute && minute < to : minute >= from || minute < to;
}

function minutes(timeOfDay: string): number {
  const [hours = 0, rest = 0] = timeOfDay.split(':').map(Number);
  return hours * 60 + rest;
}
