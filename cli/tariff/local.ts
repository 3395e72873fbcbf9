import { Temporal } from 'temporal-polyfill';
import type { Range } from '../../meter/tariff/dynamic/source.ts';
import { GiveUpError } from '../../shared/errors.ts';
import { parseMoment } from '../moment.ts';

const NAMED_DAYS: Record<string, number> = { yesterday: -1, today: 0, tomorrow: 1 };

export function zoned(time: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(time)).toZonedDateTimeISO(zone);
}

/** A local day of a zone: 2026-11-01, today, tomorrow, yesterday. @throws GiveUpError with exit code 2. */
export function parseDay(text: string, zone: string, now: number): Range {
  const named = Object.hasOwn(NAMED_DAYS, text) ? NAMED_DAYS[text] : undefined;
  let date: Temporal.PlainDate;
  try {
    if (named === undefined && !/^\d{4}-\d{2}-\d{2}$/.test(text)) throw new RangeError(text);
    date =
      named === undefined
        ? Temporal.PlainDate.from(text)
        : zoned(now, zone).toPlainDate().add({ days: named });
  } catch {
    throw new GiveUpError(
      `reading the command line: --day must be a day such as 2026-11-01, or today or tomorrow, got ${text}`,
      2,
    );
  }
  const start = date.toZonedDateTime(zone);
  const from = start.startOfDay().epochMilliseconds;
  return { from, to: start.add({ days: 1 }).startOfDay().epochMilliseconds };
}

/** As everywhere, but local is where the tariff is: a bill begins at its midnight. @throws GiveUpError with exit code 2. */
export function parseLocalMoment(option: string, text: string, zone: string, now: number): number {
  const time = parseMoment(option, text, now);
  if (!/^\d{4}-\d{2}-\d{2}(T[\d:.]+)?$/.test(text)) return time;
  try {
    return Temporal.PlainDateTime.from(text).toZonedDateTime(zone).epochMilliseconds;
  } catch {
    throw new GiveUpError(
      `reading the command line: --${option} must be a day that there is, at a time from 00:00 to 23:59, got ${text}`,
      2,
    );
  }
}

/** `2026-11-01T00:00:00-07:00` */
export function isoOf(time: number, zone: string): string {
  return zoned(time, zone).toString({ timeZoneName: 'never', smallestUnit: 'second' });
}

/** `2026-11-01` */
export function dateOf(time: number, zone: string): string {
  return zoned(time, zone).toPlainDate().toString();
}
