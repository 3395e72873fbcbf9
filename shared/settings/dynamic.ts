/** Prices that somebody publishes, such as a day ahead. */
import * as z from 'zod';
import { duration, secret, timeZone, url } from './rules.ts';

export const priceSource = z
  .strictObject({
    file: z.string().min(1).optional().describe('a JSON file, read anew when it changes'),
    url: url(/^https?$/, 'https://api.example.org/prices')
      .optional()
      .describe('a JSON document; {from}, {to} and {date} in it become the times that are asked for'),
    token: secret.optional().describe('sent as a bearer token'),
    body: z
      .string()
      .min(1)
      .optional()
      .describe('sent by POST as JSON, such as a GraphQL query; default: GET'),
    shape: z
      .enum(['octopus', 'tibber', 'nordpool', 'generic'])
      .describe('what the document looks like; `generic` needs `mapping`'),
    area: z.string().min(1).optional().describe('the price area in `nordpool`, such as NO1'),
    mapping: z
      .strictObject({
        list: z.string().default('').describe('the path to the list of prices, such as data.prices'),
        from: z.string().min(1).describe('the path to the start in an entry'),
        to: z.string().min(1).optional().describe('to the end, exclusive; default: the next entry’s start'),
        price: z.string().min(1).describe('to the price'),
      })
      .optional()
      .describe('paths of names and numbers joined by dots'),
    zone: timeZone.optional().describe('of times that name none; default: the tariff’s'),
    refresh: duration.prefault('30m').describe('how often to look for new prices'),
    multiply: z
      .number()
      .default(1)
      .describe('a published price becomes currency per kWh by this, such as 0.001 for EUR/MWh'),
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
