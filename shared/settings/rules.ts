/** The kinds of value that settings are made of. */
import { BlockList, isIP } from 'node:net';
import * as z from 'zod';

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** ms; a longer timer of the runtime would fire at once. */
const LONGEST = 24 * UNIT_MS.d;

/** `1.2s`, `10m`, `7d` → milliseconds. */
export const duration = z
  .string()
  .regex(DURATION, 'must be a number with a unit ms, s, m, h or d, such as 10s')
  .transform((text) => {
    const [, amount, unit] = DURATION.exec(text) ?? [];
    return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  })
  .refine((ms) => ms <= LONGEST, { error: 'must be at most 24d' });

const SIZE = /^(\d+(?:\.\d+)?)(kB|MB|GB)$/;
const UNIT_BYTES = { kB: 1e3, MB: 1e6, GB: 1e9 };

/** `500MB`, `2GB` → bytes. */
export const size = z
  .string()
  .regex(SIZE, 'must be a number with a unit kB, MB or GB, such as 500MB')
  .transform((text) => {
    const [, amount, unit] = SIZE.exec(text) ?? [];
    return Math.round(Number(amount) * UNIT_BYTES[unit as keyof typeof UNIT_BYTES]);
  });

/** `90d` → milliseconds; for ages, which no timer waits out. */
export const age = z
  .string()
  .regex(/^(\d+(?:\.\d+)?)d$/, 'must be a number of days, such as 90d')
  .transform((text) => Number.parseFloat(text) * UNIT_MS.d);

export const tcpPort = z.int().min(0).max(65_535);

/** Never shown: not by `check`, not in a message. */
export const secret = z.string().min(1).meta({ secret: true });

export const url = (protocols: RegExp, example: string) =>
  z
    .url({ protocol: protocols, error: `must be a URL such as ${example}` })
    .refine((text) => !/^[a-z]+:\/\/[^/]*@/.test(text), {
      error: 'must not hold a user or password: they are settings of their own',
    });

export const timeOfDay = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time of day such as 14:00');

export const timeZone = z.string().refine(
  (zone) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: zone });
      return true;
    } catch {
      return false;
    }
  },
  { error: 'must be an IANA time zone such as America/Los_Angeles' },
);

/** An MQTT topic, or a filter of topics. */
export const topicFilter = z
  .string()
  .min(1)
  .regex(
    /^((\+|[^+#/]*)\/)*(\+|#|[^+#/]*)$/,
    'must be a topic, with + and # only where a whole level is meant, # last',
  );

/** @returns a complaint for each name that was given before. */
export function uniqueNames<T>(nameOf: (item: T) => string, what: string) {
  return (items: T[], context: z.core.$RefinementCtx<T[]>): void => {
    const names = items.map(nameOf);
    for (const [index, name] of names.entries())
      if (names.indexOf(name) !== index)
        context.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: `must differ from every other ${what}’s name, is ${name} again`,
        });
  };
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine can reach `host`, a name or an address. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) === 0) return address === 'localhost';
  return loopback.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
