import test from 'ava';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { createPricing, findTariff, type Slice } from '../../../meter/tariff/pricing.ts';
import { sceTouDA } from '../../../meter/tariff/shipped/sce-tou-d-a.ts';
import { GiveUpError } from '../../../shared/errors.ts';
import type { Tariff } from '../../../shared/settings/schema.ts';

const HOUR = 3_600_000;
const at = (zoned: string) => Temporal.ZonedDateTime.from(zoned).epochMilliseconds;
const hours = (slices: Slice[]) => slices.map(({ from, to, price }) => [price, (to - from) / HOUR]);
/** Joins neighbours of one period: a cut that changes nothing is no fault. */
function joined(slices: Slice[]): Slice[] {
  const whole: Slice[] = [];
  for (const slice of slices) {
    const last = whole.at(-1);
    if (last?.period === slice.period) last.to = slice.to;
    else whole.push({ ...slice });
  }
  return whole;
}

/** The rules read literally, for one moment, with the calendar of Intl instead of Temporal. */
function bruteForce({ zone, periods }: Tariff): (time: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    month: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (time) => {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
    const clock = `${parts.get('hour')}:${parts.get('minute')}`;
    const period = periods.find(({ months, days, from = '00:00', to = '24:00' }) => {
      if (months && !months.includes(Number(parts.get('month')))) return false;
      if (days && !days.some((day) => day === parts.get('weekday')?.toLowerCase())) return false;
      return from < to ? from <= clock && clock < to : clock >= from || clock < to;
    });
    return period?.name ?? 'none';
  };
}

test('a shipped tariff is found by its name, one written out is itself, another name is refused', (t) => {
  t.is(findTariff('sce-tou-d-a'), sceTouDA);
  const own = { ...sceTouDA, name: 'mine' };
  t.is(findTariff(own), own);
  const error = t.throws(() => findTariff('sce'), { instanceOf: GiveUpError });
  t.is(error?.exitCode, 78);
  t.regex(error?.message ?? '', /meter\.tariff.*sce-tou-d-a.*"sce"/);
});

test('an interval is cut at each boundary and nowhere else', (t) => {
  const pricing = createPricing(sceTouDA);
  const from = at('2026-07-06T07:30[America/Los_Angeles]');
  t.deepEqual(hours(pricing.split(from, from + 24 * HOUR)), [
    [0.12, 0.5],
    [0.28, 6],
    [0.48, 6],
    [0.28, 2],
    // Midnight is a cut that changes nothing here.
    [0.12, 2],
    [0.12, 7.5],
  ]);
});

test('an empty or backward interval has no slices', (t) => {
  const pricing = createPricing(sceTouDA);
  t.deepEqual(pricing.split(5, 5), []);
  t.deepEqual(pricing.split(6, 5), []);
});

test('the day of 23 hours and the day of 25', (t) => {
  const pricing = createPricing(sceTouDA);
  const day = (date: string) => {
    const from = Temporal.PlainDate.from(date).toZonedDateTime('America/Los_Angeles');
    return hours(joined(pricing.split(from.epochMilliseconds, from.add({ days: 1 }).epochMilliseconds)));
  };
  t.deepEqual(day('2026-03-08'), [
    [0.13, 7],
    [0.27, 14],
    [0.13, 2],
  ]);
  t.deepEqual(day('2026-11-01'), [
    [0.13, 9],
    [0.27, 14],
    [0.13, 2],
  ]);
});

const NIGHT: Tariff = {
  name: 'boundaries where clocks change',
  currency: 'EUR',
  zone: 'Etc/UTC',
  periods: [
    { name: 'weekend', price: 1, days: ['sat', 'sun'], from: '00:00', to: '01:45' },
    { name: 'skipped or repeated', price: 2, from: '01:15', to: '01:40' },
    { name: 'from inside the hour', price: 3, days: ['sun'], from: '02:10', to: '03:00' },
    { name: 'late', price: 4, from: '23:30', to: '00:20' },
    { name: 'rest', price: 5 },
  ],
};

test('a boundary in the hour that comes twice comes twice', (t) => {
  const pricing = createPricing({
    ...NIGHT,
    zone: 'America/Los_Angeles',
    periods: [
      { name: 'a', price: 1, from: '01:30', to: '02:00' },
      { name: 'b', price: 2 },
    ],
  });
  const midnight = at('2026-11-01T00:00[America/Los_Angeles]');
  t.deepEqual(hours(joined(pricing.split(midnight, midnight + 4 * HOUR))), [
    [2, 1.5],
    [1, 0.5],
    [2, 0.5],
    [1, 0.5],
    [2, 1],
  ]);
});

test('a boundary in the hour that is skipped takes effect at its end', (t) => {
  const pricing = createPricing({
    ...NIGHT,
    zone: 'America/Los_Angeles',
    periods: [
      { name: 'a', price: 1, from: '02:30', to: '04:00' },
      { name: 'b', price: 2 },
    ],
  });
  const midnight = at('2026-03-08T00:00[America/Los_Angeles]');
  t.deepEqual(hours(joined(pricing.split(midnight, midnight + 4 * HOUR))), [
    [2, 2],
    [1, 1],
    [2, 1],
  ]);
});

test('a fraction of a millisecond on the far side of a boundary is priced as well', (t) => {
  const pricing = createPricing(sceTouDA);
  const boundary = at('2026-07-06T14:00[America/Los_Angeles]');
  pricing.at(boundary + 1);
  t.deepEqual(
    pricing.split(boundary - 0.75, boundary + 1).map(({ price }) => price),
    [0.28, 0.48],
  );
});

/** Moments around which clocks change, by an hour, by half of one, at midnight and on a day's last minute. */
const CHANGES = [
  ['America/Los_Angeles', '2026-03-08T10:00Z'],
  ['America/Los_Angeles', '2026-11-01T09:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['America/Havana', '2026-03-08T05:00Z'],
  ['America/Havana', '2026-11-01T05:00Z'],
  ['Asia/Beirut', '2026-03-28T22:00Z'],
  ['Asia/Beirut', '2026-10-24T21:00Z'],
  ['America/Santiago', '2026-09-06T04:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
] as const;

for (const [zone, change] of CHANGES)
  for (const base of [sceTouDA, NIGHT])
    test(`${base.name} in ${zone} around ${change}: what the rules say at every minute`, (t) => {
      const tariff = { ...base, zone };
      const periodAt = bruteForce(tariff);
      const around = Date.parse(change);
      const random = fc.record({
        from: fc.integer({ min: -40 * HOUR, max: 40 * HOUR }).map((offset) => around + offset),
        length: fc.integer({ min: 1, max: 30 * HOUR }),
      });
      fc.assert(
        fc.property(random, ({ from, length }) => {
          const pricing = createPricing(tariff);
          const to = from + length;
          const slices = pricing.split(from, to);
          t.is(slices[0]?.from, from);
          t.is(slices.at(-1)?.to, to);
          for (const [index, slice] of slices.entries()) {
            t.true(slice.from < slice.to);
            t.true(index === 0 || slice.from === slices[index - 1]?.to);
            // Wall clocks, and so prices, change on whole minutes only: the ends and each minute tell all.
            t.is(slice.period, periodAt(slice.from));
            t.is(slice.period, periodAt(slice.to - 1));
            for (let time = Math.ceil(slice.from / 60_000) * 60_000; time < slice.to; time += 60_000)
              if (periodAt(time) !== slice.period)
                t.fail(`${new Date(time).toISOString()} in ${slice.period}`);
          }
          const moment = pricing.at(from);
          t.true(moment.from <= from && from < moment.to);
          t.is(moment.period, periodAt(from));
        }),
        { numRuns: 25 },
      );
    });
