/** What a question about the past may say, over HTTP as text and over MQTT as JSON. */
import * as z from 'zod';
import { DropError } from '../../shared/errors.ts';
import { shown } from '../../shared/issue.ts';
import type { Queries, Range } from './queries.ts';
import type { EnergyView } from './views.ts';

const DAY = 86_400_000;
/** Days that may be asked for at once. */
const MOST_DAYS: Record<EnergyView['unit'], number> = { hour: 400, day: 4000, month: 36_525 };
const YEARS = 100;
/** ms since 1970 UTC; no date is later. */
const LAST = 8.64e15;

/** A number that a URL carries as its digits. */
const digits = (value: unknown) =>
  typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;

const MOMENT = 'must be ms since 1970 UTC, or ISO 8601 with its offset, such as 2026-01-15T08:00:00Z';
const moment = z
  .preprocess(
    digits,
    z.union([z.int(MOMENT).min(0, MOMENT), z.iso.datetime({ offset: true, error: MOMENT })], MOMENT),
  )
  .transform((value) => (typeof value === 'number' ? value : Date.parse(value)))
  .refine((ms) => ms >= 0 && ms <= LAST, MOMENT);

function count(least: number, most: number, usual: number, what = 'at most so many') {
  const rule = `must be a whole number from ${least} to ${most}`;
  const number = z.int(rule).min(least, rule).max(most, rule);
  return z.preprocess(digits, number).default(usual).describe(`${what}; default: ${usual}`);
}

const from = moment.optional();
const to = moment.optional().describe('default: now');

export const powerQuestion = z.strictObject({
  from: from.describe('default: an hour before `to`'),
  to,
  points: count(2, 5000, 600, 'about so many; each reading is a point where there are no more'),
});
export type PowerQuestion = z.infer<typeof powerQuestion>;

export const energyQuestion = z.strictObject({
  unit: z
    .enum(['hour', 'day', 'month'], 'must be hour, day or month')
    .default('day')
    .describe('default: day'),
  from: from.describe('default: a day before `to` for hours, 31 days for days, a year for months'),
  to,
});
export type EnergyQuestion = z.infer<typeof energyQuestion>;

export const gapsQuestion = z.strictObject({
  from: from.describe('default: the beginning'),
  to,
  limit: count(1, 9999, 100),
});
export type GapsQuestion = z.infer<typeof gapsQuestion>;

export const incidentsQuestion = z.strictObject({ limit: count(1, 9999, 20) });

/** @throws DropError for a meter that nobody knows. */
export function meterOf(queries: Pick<Queries, 'knows' | 'meters'>, name: string): string {
  if (queries.knows(name)) return name;
  const known = queries.meters().map((meter) => meter.name);
  throw new DropError(
    `finding the meter: must be one of ${known.join(', ') || '(there is none)'}, got ${shown(name)}`,
  );
}

/** @throws DropError for a range that is none, or too long. */
export function powerRange({ from, to }: PowerQuestion, now: number): Range {
  const range = rangeOf({ from, to }, now, 3_600_000);
  return notLonger(range, YEARS * 365.25, 'power');
}

/** @throws DropError for a range that is none, or too long for its unit. */
export function energyRange({ from, to, unit }: EnergyQuestion, now: number): Range {
  const usual = { hour: DAY, day: 31 * DAY, month: 365 * DAY };
  return notLonger(rangeOf({ from, to }, now, usual[unit]), MOST_DAYS[unit], `energy by the ${unit}`);
}

/** @throws DropError for a range that is none. */
export function gapsRange({ from, to }: GapsQuestion, now: number): Range {
  return rangeOf({ from, to }, now, Number.POSITIVE_INFINITY);
}

function rangeOf(
  asked: Partial<Record<'from' | 'to', number | undefined>>,
  now: number,
  usual: number,
): Range {
  // The reading of this very moment is part of it.
  const to = asked.to ?? now + 1;
  const from = asked.from ?? Math.max(0, to - usual);
  if (from < to) return { from, to };
  throw new DropError(`reading the range: \`from\` must be before \`to\`, got ${from} and ${to}`);
}

function notLonger(range: Range, days: number, what: string): Range {
  const asked = (range.to - range.from) / DAY;
  if (asked <= days) return range;
  throw new DropError(
    `reading ${what}: must be at most ${Math.floor(days)} days at once, got ${Math.ceil(asked)}`,
  );
}
