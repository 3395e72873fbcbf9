/** Prices that somebody publishes, such as a day ahead. */
import * as z from 'zod';
import { duration, secret, timeZone, url } from './rules.ts';

const mapping = z.strictObject({
  list: z
    .union([z.string(), z.array(z.string()).min(1)])
    .default('')
    .describe(
      'the path to the list of prices, such as data.prices, or several; default: the document itself',
    ),
  only: z
    .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe('paths in an entry, and what must be there for it to count, such as {channelType: general}'),
  from: z
    .string()
    .min(1)
    .describe('the path to the start in an entry: seconds or ms since 1970, or ISO 8601'),
  to: z
    .string()
    .min(1)
    .optional()
    .describe('to the end, exclusive; default: the next entry’s start, the last as long as the one before'),
  price: z.string().min(1).describe('to the price'),
});

const priceSource = z
  .strictObject({
    file: z.string().min(1).optional().describe('a JSON file, read anew when it changes'),
    url: url(/^https?$/, 'https://api.example.org/prices')
      .optional()
      .describe(
        'a JSON document; in it {from} and {to} become times in UTC ({from_ms} and {to_ms}: ms since 1970), {date} each of the days that are asked for, as do {year}, {month} and {day}',
      ),
    token: secret.optional().describe('sent as a bearer token'),
    body: z
      .string()
      .min(1)
      .optional()
      .describe(
        'sent by POST: JSON, or a GraphQL query, which is put into JSON, with the same {…} as the URL; default: GET, for `tibber` a query of its own',
      ),
    shape: z
      .enum(['octopus', 'tibber', 'nordpool', 'generic'])
      .describe('what the document looks like; `generic` needs `mapping`'),
    area: z
      .string()
      .min(1)
      .optional()
      .describe('the price area in `nordpool`, such as NO1; the id of one of several homes in `tibber`'),
    mapping: mapping.optional().describe('of `generic`: paths of names and numbers joined by dots'),
    zone: timeZone
      .optional()
      .describe('of {date}, and of times that name none; default: the tariff’s, for `nordpool` Europe/Oslo'),
    refresh: duration.prefault('30m').describe('how often to look for new prices'),
    multiply: z
      .number()
      .optional()
      .describe(
        'a published price becomes currency per kWh by this; default: 0.01 for `octopus`, whose are pence, 0.001 for `nordpool`, whose are per MWh, otherwise 1',
      ),
    add: z.number().default(0).describe('currency per kWh, added then: taxes and fees'),
  })
  .superRefine(({ file, url, shape, mapping, area }, context) => {
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    if ((file === undefined) === (url === undefined)) refuse('url', 'must be given, or file, but not both');
    if ((shape === 'generic') !== (mapping !== undefined))
      refuse('mapping', 'must be given for the shape `generic`, and only for it');
    if (shape === 'nordpool' && area === undefined) refuse('area', 'must be given for the shape `nordpool`');
  });

export const dynamic = z.strictObject({
  import: priceSource.optional().describe('what a kWh taken in costs'),
  export: priceSource.optional().describe('what a kWh fed out earns'),
  meter: z.boolean().default(false).describe('the price that the meter itself tells (`raven`)'),
  fallback: z.number().describe('currency per kWh while no price is known; corrected when it becomes known'),
});

export type Dynamic = z.infer<typeof dynamic>;
export type PriceSource = z.infer<typeof priceSource>;
export type PriceMapping = z.infer<typeof mapping>;
