import type { Tariff } from '../../shared/settings/schema.ts';
import { WEEKDAYS } from '../../shared/settings/tariff.ts';
import { type CalendarDate, dateOf } from './calendar.ts';
import { createHolidays } from './holidays.ts';

export type Period = Tariff['periods'][number];

/** What local clocks show while a period gives the price; minutes since midnight, `to` exclusive. */
export interface Part {
  from: number;
  to: number;
  period: Period;
}

const MIDNIGHT = 24 * 60;

/**
 * Which periods a local day has, one after the other, whatever its clocks do. Every condition of a
 * period is about the day itself: of a window over midnight it has the morning and the evening.
 *
 * @returns the parts of a day, numbered from 1970-01-01.
 */
export function createDayPlan(tariff: Tariff): (day: number) => Part[] {
  const isHoliday = createHolidays(tariff.holidays);
  // A year has few kinds of day.
  const plans = new Map<string, Part[]>();
  return (day) => {
    const date = dateOf(day);
    const kind = isHoliday(day) ? 'holiday' : WEEKDAYS[date.weekday];
    const periods = tariff.periods.filter(
      ({ season, months, days }) =>
        (season === undefined || inSeason(tariff, season, date)) &&
        (months?.includes(date.month) ?? true) &&
        (days?.some((name) => name === kind) ?? true),
    );
    const key = periods.map((period) => tariff.periods.indexOf(period)).join();
    const plan = plans.get(key) ?? partsOf(periods);
    plans.set(key, plan);
    return plan;
  };
}

function inSeason({ seasons }: Tariff, name: string, { month, date }: CalendarDate): boolean {
  const today = month * 100 + date;
  return seasons.some((season) => {
    if (season.name !== name) return false;
    const [from, to] = [monthDay(season.from), monthDay(season.to)];
    return from <= to ? from <= today && today <= to : today >= from || today <= to;
  });
}

/** The first period that matches a minute has it. */
function partsOf(periods: Period[]): Part[] {
  const edges = periods.flatMap(windowsOf).flatMap(({ from, to }) => [from, to]);
  const starts = [...new Set([0, ...edges])].filter((edge) => edge < MIDNIGHT).sort((a, b) => a - b);
  const parts: Part[] = [];
  for (const [index, from] of starts.entries()) {
    const to = starts[index + 1] ?? MIDNIGHT;
    const period = periods.find((candidate) => holds(candidate, from));
    if (period === undefined) throw new Error(`pricing minute ${from} of a day: no period matches`);
    const last = parts.at(-1);
    if (last?.period === period) last.to = to;
    else parts.push({ from, to, period });
  }
  return parts;
}

function holds(period: Period, minute: number): boolean {
  const windows = windowsOf(period);
  return (
    windows.length === 0 ||
    windows.some(({ from, to }) =>
      from < to ? from <= minute && minute < to : minute >= from || minute < to,
    )
  );
}

function windowsOf({ from, to, windows }: Period): { from: number; to: number }[] {
  const written = windows ?? (from === undefined || to === undefined ? [] : [{ from, to }]);
  return written.map((window) => ({ from: minutes(window.from), to: minutes(window.to) }));
}

function minutes(timeOfDay: string): number {
  const [hours = 0, rest = 0] = timeOfDay.split(':').map(Number);
  return hours * 60 + rest;
}

function monthDay(text: string): number {
  return Number(text.replace('-', ''));
}
