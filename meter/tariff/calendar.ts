/** The calendar alone, without zones and clocks. Days are numbered from 1970-01-01, months from 1. */

export const DAY_MS = 86_400_000;

export interface CalendarDate {
  year: number;
  month: number;
  date: number;
  /** From 0, Monday. */
  weekday: number;
}

export function dateOf(day: number): CalendarDate {
  const midnight = new Date(day * DAY_MS);
  return {
    year: midnight.getUTCFullYear(),
    month: midnight.getUTCMonth() + 1,
    date: midnight.getUTCDate(),
    weekday: (midnight.getUTCDay() + 6) % 7,
  };
}

/** @param month may be 0 or 13, and `date` beyond the month's end: the days before and after. */
export function dayOf(year: number, month: number, date: number): number {
  return Date.UTC(year, month - 1, date) / DAY_MS;
}

export function daysInMonth(year: number, month: number): number {
  return dayOf(year, month + 1, 1) - dayOf(year, month, 1);
}

/** The days of the bill that holds `day`; `to` is the first of the next one. */
export function billOf(day: number, billingDay: number): { from: number; to: number } {
  const { year, month } = dateOf(day);
  // Date.UTC knows the thirteenth month, and month 0, as the neighbouring year's.
  const begins = (which: number) =>
    dayOf(year, which, 1) + Math.min(billingDay, daysInMonth(year, which)) - 1;
  const first = begins(month) <= day ? month : month - 1;
  return { from: begins(first), to: begins(first + 1) };
}

/** Easter Sunday of the Gregorian calendar, by the anonymous algorithm of 1876. */
export function easterOf(year: number): number {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const leap = Math.floor(century / 4);
  const correction = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3);
  const epact = (19 * golden + century - leap - correction + 15) % 30;
  const rest = year % 100;
  const weekday = (32 + 2 * (century % 4) + 2 * Math.floor(rest / 4) - epact - (rest % 4)) % 7;
  const late = Math.floor((golden + 11 * epact + 22 * weekday) / 451);
  return dayOf(year, 3, 22) + epact + weekday - 7 * late;
}
