import * as z from 'zod';
import { dynamic } from './dynamic.ts';
import { timeOfDay, timeZone } from './rules.ts';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const monthDay = z
  .string()
  .regex(/^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'must be a month and day such as 06-01');

const month = z.int().min(1).max(12);

const price = z.union(
  [
    z.number(),
    z
      .array(z.strictObject({ up_to: z.number().positive().optional(), price: z.number() }))
      .min(1)
      .describe('tiers, each up to so many kWh since the tiers began anew; the last without `up_to`'),
  ],
  { error: 'must be a price per kWh, or a list of tiers with up_to and price' },
);

const window = z.strictObject({
  from: timeOfDay,
  to: timeOfDay.describe('exclusive; before `from` means the next morning'),
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
    .describe('a holiday is `holiday` and no other day, once any period of the tariff names it'),
  from: timeOfDay.optional(),
  to: timeOfDay.optional().describe('exclusive; before `from` means the next morning'),
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
      if (typeof period.price === 'number') continue;
      const bounds = period.price.map(({ up_to }) => up_to ?? Number.POSITIVE_INFINITY);
      if (
        bounds.at(-1) !== Number.POSITIVE_INFINITY ||
        bounds.some((bound, at) => bound <= (bounds[at - 1] ?? 0))
      )
        refuse(['periods', index, 'price'], 'must have tiers that rise in up_to, the last without it');
    }
    const last = tariff.periods.at(-1);
    if (last && (last.months || last.days || last.from || last.windows || last.season))
      refuse(
        ['periods', tariff.periods.length - 1],
        'must have no condition, being the last: it prices every moment that no other period does',
      );
  });
