import type { Tariff } from '../../shared/settings/schema.ts';
import { WEEKDAYS } from '../../shared/settings/tariff.ts';
import { dateOf, dayOf, daysInMonth, easterOf } from './calendar.ts';

type Holiday = Tariff['holidays'][number];
type Weekday = (typeof WEEKDAYS)[number];

/** @returns whether a day, numbered from 1970-01-01, is a holiday by the tariff's rules. */
export function createHolidays(rules: Holiday[]): (day: number) => boolean {
  const years = new Map<number, Set<number>>();
  return (day) => {
    if (rules.length === 0) return false;
    const { year } = dateOf(day);
    let days = years.get(year);
    if (days === undefined) {
      // New Year's Day may be kept on the last day of the year before.
      const around = [year - 1, year, year + 1];
      days = new Set(around.flatMap((kept) => rules.flatMap((rule) => observed(rule, kept))));
      years.set(year, days);
    }
    return days.has(day);
  };
}

/** On which day the year's holiday is kept; none where there is no such day in it. */
function observed(rule: Holiday, year: number): number[] {
  if ('date' in rule) {
    const [ownYear = 0, month = 0, date = 0] = rule.date.split('-').map(Number);
    return ownYear === year ? [dayOf(year, month, date)] : [];
  }
  if ('easter' in rule) return [easterOf(year) + rule.easter];
  if ('on' in rule) {
    const [month = 0, date = 0] = rule.on.split('-').map(Number);
    return date > daysInMonth(year, month) ? [] : [moved(dayOf(year, month, date), rule.moved)];
  }
  const day = nthWeekday(year, rule);
  return day === undefined ? [] : [day + rule.plus_days];
}

function moved(day: number, moves: Partial<Record<Weekday, Weekday>> = {}): number {
  const { weekday } = dateOf(day);
  const name = WEEKDAYS[weekday];
  const target = name && moves[name];
  if (target === undefined) return day;
  const later = (WEEKDAYS.indexOf(target) - weekday + 7) % 7;
  return day + (later <= 3 ? later : later - 7);
}

function nthWeekday(
  year: number,
  { month, weekday, nth }: Extract<Holiday, { nth: number }>,
): number | undefined {
  const first = dayOf(year, month, 1);
  const wanted = WEEKDAYS.indexOf(weekday);
  const earliest = first + ((wanted - dateOf(first).weekday + 7) % 7);
  const end = first + daysInMonth(year, month);
  if (nth === -1) return earliest + 7 * Math.floor((end - 1 - earliest) / 7);
  const day = earliest + 7 * (nth - 1);
  return day < end ? day : undefined;
}
