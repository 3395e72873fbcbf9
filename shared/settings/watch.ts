/** What is watched, and when it is left alone. */
import * as z from 'zod';
import { shortName } from '../wire.ts';
import { duration, timeOfDay, topicFilter } from './rules.ts';

export const stallAfter = duration.refine((ms) => ms >= 3000, {
  error: 'must be at least 3s: sooner, a broker that is away is not noticed',
});

export const watch = z.strictObject({
  name: shortName,
  topics: z
    .array(topicFilter)
    .min(1)
    .describe('the topics whose common silence matters; `+` and `#` are allowed'),
  container: z
    .string()
    .min(1)
    .optional()
    .describe('the container this watch may restart; default: the one labelled wattdog.watch=<name>'),
  heal: z.boolean().default(true).describe('false: say it, restart nothing'),
  stall_after: stallAfter
    .optional()
    .describe('silence that convicts; default: learned from the topics’ own cadence'),
  progress: z
    .string()
    .min(1)
    .optional()
    .describe('a field of the JSON payload that must move, such as `uptime` or `sensor.time`'),
});

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export const maintenance = z.strictObject({
  days: z
    .array(z.enum(DAYS))
    .min(1)
    .default([...DAYS])
    .describe('the days on which it begins'),
  from: timeOfDay,
  to: timeOfDay.describe('may be earlier than `from`: then it ends on the next day'),
  watches: z.array(shortName).optional().describe('default: all'),
});
