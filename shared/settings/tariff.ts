import * as z from 'zod';
import { timeOfDay, timeZone } from './rules.ts';

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const tariffPeriod = z.strictObject({
  name: z.string().min(1).max(64),
  price: z.number().describe('per kWh'),
  months: z.array(z.int().min(1).max(12)).min(1).optional(),
  days: z.array(z.enum(WEEKDAYS)).min(1).optional(),
  from: timeOfDay.optional(),
  to: timeOfDay.optional().describe('exclusive; before `from` means the next morning'),
});

export const tariffSchema = z
  .strictObject({
    name: z.string().min(1),
    currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as USD'),
    zone: timeZone,
    periods: z.array(tariffPeriod).min(1).describe('the first period that matches a moment gives its price'),
  })
  .superRefine((tariff, context) => {
    for (const [index, period] of tariff.periods.entries()) {
      if ((period.from === undefined) !== (period.to === undefined))
        context.addIssue({
          code: 'custom',
          path: ['periods', index],
          message: 'must have both from and to, or neither',
        });
    }
    const last = tariff.periods.at(-1);
    if (last && (last.months || last.days || last.from))
      context.addIssue({
        code: 'custom',
        path: ['periods', tariff.periods.length - 1],
        message: 'must have no condition, being the last: it prices every moment that no other period does',
      });
  });
