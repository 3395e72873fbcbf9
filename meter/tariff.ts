import { Temporal } from 'temporal-polyfill';
import { GiveUpError } from '../shared/errors.ts';
import type { Tariff } from '../shared/settings/schema.ts';
import { sceTouDA } from './tariffs/sce-tou-d-a.ts';

type Period = Tariff['periods'][number];

/** A stretch of time with one price; half open, milliseconds since 1970 UTC. */
export interface Slice {
  from: number;
  to: number;
  /** Currency per kWh. */
  price: number;
  period: string;
}

/** Prices moments and intervals under one tariff. */
export interface Pricing {
  readonly currency: string;
  /** The slice that holds `time`. */
  at(time: number): Slice;
  /** The interval cut at every price boundary, in order; empty for an empty interval. */
  split(from: number, to: number): Slice[];
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
  return {
    currency: tariff.currency,
    at,
    split(from, to) {
      const slices: Slice[] = [];
      for (let start = from; start < to; ) {
        const slice = at(start);
        const end = Math.min(slice.to, to);
        slices.push({ ...slice, from: start, to: end });
        start = end;
      }
      return slices;
    },
  };
}

/** Between two neighbouring boundaries of a local day nothing can change, so any moment inside speaks for all. */
function findSlice(tariff: Tariff, time: number): Slice {
  const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(time)).toZonedDateTimeISO(tariff.zone);
  const boundaries = dayBoundaries(tariff, local);
  const from = Math.max(...boundaries.filter((boundary) => boundary <= time));
  const to = Math.min(...boundaries.filter((boundary) => boundary > time));
  const period = tariff.periods.find((candidate) => matches(candidate, local));
  if (period === undefined) throw new Error(`pricing ${local}: no period of ${tariff.name} matches`);
  return { from, to, price: period.price, period: period.name };
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
