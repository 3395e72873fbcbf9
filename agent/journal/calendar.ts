import { Temporal } from 'temporal-polyfill';

/** A stretch of time; half open, ms since 1970 UTC. */
export interface Span {
  start: number;
  end: number;
}

export type Unit = 'hour' | 'day';
export type Calendar = (unit: Unit | 'month', time: number) => Span;

const QUARTER = 15 * 60_000;
const HOUR = 4 * QUARTER;

/**
 * Local hours, days and months of a time zone. Days have 23, 24 or 25 hours; where the clocks change by half an
 * hour, one local hour is longer or shorter.
 *
 * @param zone IANA name; undefined for this machine's.
 */
export function createCalendar(zone = thisZone()): Calendar {
  const current: { [U in Parameters<Calendar>[0]]?: Span } = {};
  const find: Calendar = (unit, time) => {
    if (unit === 'month') return monthOf(time, zone);
    if (unit === 'day') return dayOf(time, zone);
    const day = spanOf('day', time);
    if (day.end - day.start !== 24 * HOUR) return hourOf(time, zone);
    // No clock changes on such a day: its hours need no search.
    const start = day.start + Math.floor((time - day.start) / HOUR) * HOUR;
    return { start, end: start + HOUR };
  };
  const spanOf: Calendar = (unit, time) => {
    const known = current[unit];
    // Most readings fall into the same hour and day as the one before.
    if (known && time >= known.start && time < known.end) return known;
    const span = find(unit, time);
    current[unit] = span;
    return span;
  };
  return spanOf;
}

/** The IANA name of this machine's time zone. */
export function thisZone(): string {
  return Temporal.Now.timeZoneId();
}

function hourOf(time: number, zone: string): Span {
  const start = hourStart(time, zone);
  let later = start + HOUR;
  while (hourStart(later, zone) === start) later += QUARTER;
  return { start, end: hourStart(later, zone) };
}

function hourStart(time: number, zone: string): number {
  return at(time, zone).round({ smallestUnit: 'hour', roundingMode: 'floor' }).epochMilliseconds;
}

function dayOf(time: number, zone: string): Span {
  const start = at(time, zone).startOfDay();
  // A day may begin at one o'clock, and the next one not.
  const end = start.add({ days: 1 }).startOfDay();
  return { start: start.epochMilliseconds, end: end.epochMilliseconds };
}

function monthOf(time: number, zone: string): Span {
  const first = at(time, zone).with({ day: 1 }).startOfDay();
  const next = first.add({ months: 1 }).startOfDay();
  return { start: first.epochMilliseconds, end: next.epochMilliseconds };
}

function at(time: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(time)).toZonedDateTimeISO(zone);
}
