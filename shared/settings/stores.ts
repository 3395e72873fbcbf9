/** Where readings are forwarded. */
import * as z from 'zod';
import { shortName } from '../wire.ts';
import { duration, secret, url } from './rules.ts';

const httpUrl = url(/^https?$/, 'http://192.168.1.2:8086');
const common = {
  name: shortName.optional().describe('names the store in logs, metrics and its cursor; default: its kind'),
  url: httpUrl,
  layout: z
    .enum(['default', 'classic'])
    .default('default')
    .describe('`classic` writes measurement `elecmeter` with the seven fields of the chain this replaces'),
  timeout: duration.prefault('10s'),
  batch: z.int().min(1).max(50_000).default(5000),
  optional: z
    .boolean()
    .optional()
    .describe('it may be missing: while nobody knows the name of its host, it counts as none'),
};

export const store = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('victoriametrics'),
    ...common,
    username: z.string().optional(),
    password: secret.optional(),
  }),
  z.strictObject({
    kind: z.literal('influxdb1'),
    ...common,
    database: z.string().min(1).default('wattdog'),
    username: z.string().optional(),
    password: secret.optional(),
  }),
  z.strictObject({
    kind: z.literal('influxdb2'),
    ...common,
    org: z.string().min(1),
    bucket: z.string().min(1),
    token: secret,
  }),
  z.strictObject({
    kind: z.literal('influxdb3'),
    ...common,
    database: z.string().min(1).default('wattdog'),
    token: secret.optional(),
  }),
]);
