import * as z from 'zod';
import { dynamic } from './dynamic.ts';
import { timeOfDay, timeZone } from './rules.ts';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** A meter's profile has room for so many. */
const MOST_NAMES = 64;

const monthDay = z
  .string()
  .regex(
    /^((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|[12]\d))$/,
    'must be a month and a day that it has, such as 06-01',
  );

const month = z.int().min(1).max(12);

const price = z.union(
  [
    z.number(),
    z
      .array(
        z.strictObject({
          up_to: z.number().positive().optional().describe('kWh since the tiers began anew'),
          up_to_daily: z
            .number()
            .positive()
            .optional()
            .describe('the same as so many kWh for each day of the bill, such as a baseline allowance'),
          price: z.number().describe('per kWh'),
        }),
      )
      .min(1)
      .describe('tiers, one above the other; the last has no limit'),
  ],
  { error: 'must be a price per kWh, or a list of tiers with up_to (or up_to_daily) and price' },
);

const window = z.strictObject({
  from: timeOfDay,
  to: timeOfDay.describe(
    'exclusive; not after `from`: the day’s evening from `from` and its morning to `to`',
  ),
});

const tariffPeriod = z.strictObject({
  name: z.string().min(1).max(64),
  price: price.describe('per kWh taken in; with `dynamic`, added to the published price'),
  export_price: z.number().optional().describe('per kWh fed out; default: the tariff’s'),
  season: z.string().min(1).optional().describe('the name of one of the tariff’s seasons'),
  months: z.array(month).min(1).optional(),
  days: z
    .array(z.enum([...WEEKDAYS, 'holiday']))
    .min(1)
    .optional()
    .describe('a day among `holidays` is `holiday` and no other day'),
  from: timeOfDay.optional(),
  to: timeOfDay
    .optional()
    .describe('exclusive; not after `from`: the day’s evening from `from` and its morning to `to`'),
  windows: z.array(window).min(1).optional().describe('several, in place of from and to'),
});

/** Which days are holidays, by rules that the tariff itself states. */
const holiday = z.union(
  [
    z.strictObject({ name: z.string().optional(), date: z.iso.date() }),
    z.strictObject({
      name: z.string().optional(),
      on: monthDay.describe('the same day every year'),
      moved: z
        .partialRecord(z.enum(WEEKDAYS), z.enum(WEEKDAYS))
        .optional()
        .describe(
          'where it falls on a weekday named here, it is kept on the nearest of the other: {sun: mon}',
        ),
    }),
    z.strictObject({
      name: z.string().optional(),
      month,
      weekday: z.enum(WEEKDAYS),
      nth: z.union([z.int().min(1).max(5), z.literal(-1)]).describe('of the month; -1 is the last'),
      plus_days: z.int().min(-31).max(31).default(0).describe('such as 1 for the day after Thanksgiving'),
    }),
    z.strictObject({
      name: z.string().optional(),
      easter: z.int().min(-60).max(60).describe('days after Easter Sunday (Gregorian)'),
    }),
  ],
  { error: 'must be one of {date}, {on, moved}, {month, weekday, nth} and {easter}' },
);

export const tariffSchema = z
  .strictObject({
    name: z.string().min(1).max(64),
    currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as USD'),
    zone: timeZone,
    seasons: z
      .array(z.strictObject({ name: z.string().min(1), from: monthDay, to: monthDay.describe('inclusive') }))
      .default([]),
    holidays: z.array(holiday).default([]),
    periods: z.array(tariffPeriod).min(1).describe('the first period that matches a moment gives its price'),
    export_price: z.number().optional().describe('per kWh fed out; nothing is paid unless given'),
    tiers_reset: z
      .enum(['billing_day', 'daily'])
      .default('billing_day')
      .describe('when the kWh that tiers count begin anew'),
    billing_day: z
      .int()
      .min(1)
      .max(31)
      .default(1)
      .describe('the day of the month on which a bill begins; in a shorter month its last'),
    fixed_daily: z.number().default(0).describe('currency a day, whatever is used'),
    fixed_monthly: z.number().default(0).describe('currency a bill, spread evenly over its days'),
    minimum_monthly: z.number().default(0).describe('currency a bill costs at least; for `tariff cost`'),
    dynamic: dynamic.optional().describe('prices that somebody publishes'),
  })
  .superRefine((tariff, context) => {
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    for (const [index, period] of tariff.periods.entries()) {
      if ((period.from === undefined) !== (period.to === undefined))
        refuse(['periods', index], 'must have both from and to, or neither');
      if (period.from !== undefined && period.windows !== undefined)
        refuse(['periods', index, 'windows'], 'must be left out beside from and to');
      if (period.season !== undefined && !tariff.seasons.some(({ name }) => name === period.season))
        refuse(['periods', index, 'season'], 'must be the name of one of the seasons');
      if (period.days?.includes('holiday') && tariff.holidays.length === 0)
        refuse(['periods', index, 'days'], 'must not have holiday while the tariff lists no holidays');
      if (typeof period.price !== 'number' && !rise(period.price))
        refuse(
          ['periods', index, 'price'],
          'must have tiers that rise in up_to, or all in up_to_daily, the last without either',
        );
    }
    const names = new Set(tariff.periods.map(({ name }) => name));
    if (names.size > MOST_NAMES)
      refuse(['periods'], `must have at most ${MOST_NAMES} different names, has ${names.size}`);
    const last = tariff.periods.at(-1);
    if (last && (last.months || last.days || last.from || last.windows || last.season))
      refuse(
        ['periods', tariff.periods.length - 1],
        'must have no condition, being the last: it prices every moment that no other period does',
      );
  });

function rise(tiers: { up_to?: number | undefined; up_to_daily?: number | undefined }[]): boolean {
  const limits = tiers.slice(0, -1);
  const last = tiers.at(-1);
  const rising = (bounds: (number | undefined)[]) =>
    bounds.every((bound, index) => bound !== undefined && bound > (bounds[index - 1] ?? 0));
  if (last?.up_to !== undefined || last?.up_to_daily !== undefined) return false;
  // One of the two throughout: which of two kinds is the lower one, no two months agree.
  const [one, other] = [limits.map(({ up_to }) => up_to), limits.map(({ up_to_daily }) => up_to_daily)];
  const unused = (bounds: (number | undefined)[]) => bounds.every((bound) => bound === undefined);
  return (rising(one) && unused(other)) || (rising(other) && unused(one));
}
