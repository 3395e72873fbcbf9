import type { TariffInput } from '../../../shared/settings/schema.ts';

/** When a period applies, as a tariff writes it. */
export type Condition = Pick<TariffInput['periods'][number], 'months' | 'days' | 'from' | 'to' | 'windows'>;

/** What applies, by month from 0 and hour of the day. */
export type Schedule = readonly (readonly number[])[];

const HOURS = 24;
const MONTHS = 12;
const DAYS = {
  weekday: ['mon', 'tue', 'wed', 'thu', 'fri'],
  weekend: ['sat', 'sun'],
} satisfies Record<string, Condition['days']>;

/**
 * @param earlier what has its conditions before these: a moment of theirs never comes to these.
 * @returns conditions of which one holds in each hour that the schedules give to `index`.
 */
export function conditionsOf(
  index: number,
  schedules: { weekday: Schedule; weekend: Schedule },
  earlier: ReadonlySet<number>,
): Condition[] {
  const weekday = monthsByHours(index, schedules.weekday, earlier);
  const weekend = monthsByHours(index, schedules.weekend, earlier);
  const conditions: Condition[] = [];
  for (const key of new Set([...weekday.keys(), ...weekend.keys()])) {
    const add = (months: number[] | undefined, days?: Condition['days']) => {
      if (months === undefined) return;
      conditions.push({
        ...(months.length === MONTHS ? {} : { months }),
        ...(days ? { days: [...days] } : {}),
        ...(JSON.parse(key) as Condition),
      });
    };
    const [onWeekdays, onWeekends] = [weekday.get(key), weekend.get(key)];
    if (onWeekdays?.join() === onWeekends?.join()) add(onWeekdays);
    else {
      add(onWeekdays, DAYS.weekday);
      add(onWeekends, DAYS.weekend);
    }
  }
  return conditions;
}

/** The months, from 1, that have the same hours, by those hours as a condition in JSON. */
function monthsByHours(
  index: number,
  schedule: Schedule,
  earlier: ReadonlySet<number>,
): Map<string, number[]> {
  const months = new Map<string, number[]>();
  for (const [month, hours] of schedule.entries()) {
    if (!hours.includes(index)) continue;
    const isRest = hours.every((other) => other === index || earlier.has(other));
    const key = JSON.stringify(isRest ? {} : windowsOf(index, hours));
    months.set(key, [...(months.get(key) ?? []), month + 1]);
  }
  return months;
}

/** A run of hours over midnight is one window: it holds in the morning and the evening of the same day. */
function windowsOf(index: number, hours: readonly number[]): Condition {
  const isIt = (hour: number) => hours[hour % HOURS] === index;
  const starts = [...hours.keys()].filter((hour) => isIt(hour) && !isIt(hour + HOURS - 1));
  const windows = starts.map((start) => {
    let end = start + 1;
    while (isIt(end)) end += 1;
    return { from: clock(start), to: clock(end > HOURS ? end - HOURS : end) };
  });
  const [only] = windows;
  return only && windows.length === 1 ? only : { windows };
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}
