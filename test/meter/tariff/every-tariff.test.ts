import test from 'ava';
import fc from 'fast-check';
import { type Bill, createPricing, type PriceBook } from '../../../meter/tariff/pricing.ts';
import { tariffSchema } from '../../../shared/settings/tariff.ts';
import { bruteForce, type Entry } from './brute-force.ts';
import { randomBook, randomTariff } from './random-tariff.ts';

const HOUR = 3_600_000;

/** Moments about which something is special, and local days close to them. */
const MOMENTS = [
  ['America/Los_Angeles', '2026-03-08T10:00Z', 'an hour is skipped'],
  ['America/Los_Angeles', '2026-11-01T09:00Z', 'an hour comes twice'],
  ['Europe/Berlin', '2026-10-25T01:00Z', 'an hour comes twice'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z', 'half an hour comes twice'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z', 'half an hour is skipped'],
  ['Africa/Cairo', '2026-04-23T22:00Z', 'a day begins at one o’clock'],
  ['Africa/Cairo', '2026-10-29T21:00Z', 'the clocks come back from midnight'],
  ['America/Santiago', '2026-09-06T04:00Z', 'a day begins at one o’clock'],
  ['America/Santiago', '2026-04-05T03:00Z', 'the clocks come back from midnight'],
  ['America/Havana', '2026-11-01T05:00Z', 'midnight comes twice'],
  ['America/St_Johns', '2010-11-07T02:31Z', 'a day begins, goes back to the one before, and begins again'],
  ['Africa/Casablanca', '2026-02-15T02:00Z', 'clocks go back for Ramadan'],
  ['Asia/Kathmandu', '2026-12-31T18:15Z', 'a year ends, +05:45'],
  ['Pacific/Chatham', '2026-09-26T14:00Z', 'an hour is skipped, +12:45'],
  ['Asia/Kolkata', '2028-02-29T00:00Z', 'a leap day, +05:30'],
  ['America/New_York', '2026-07-03T16:00Z', 'nothing'],
] as const;

function bookOf(entries: Entry[]): PriceBook {
  return {
    at: (time) => entries.find(({ from, to }) => from <= time && time < to),
    next: (time) => entries.find(({ from }) => from > time)?.from ?? Number.POSITIVE_INFINITY,
  };
}

const close = (one: number, other: number) => Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(other));

for (const [zone, moment, what] of MOMENTS)
  test(`${zone} ${moment}, ${what}: what the rules of any tariff say, minute by minute`, (t) => {
    const around = Date.parse(moment);
    const near = [-1, 0, 1].map((days) => new Date(around + days * 24 * HOUR).toISOString().slice(5, 10));
    const random = fc.record({
      input: randomTariff(zone, near),
      entries: randomBook(around),
      from: fc.integer({ min: -30 * HOUR, max: 12 * HOUR }).map((offset) => around + offset),
      length: fc.oneof(fc.integer({ min: 1, max: 5 * HOUR }), fc.integer({ min: 1, max: 36 * HOUR })),
      cut: fc.double({ min: 0, max: 1, noNaN: true }),
      flow: fc.record({
        import: fc.integer({ min: 0, max: 40 }),
        export: fc.integer({ min: 0, max: 10 }),
      }),
      used: fc.option(
        fc.integer({ min: 0, max: 400 }).map((tenths) => tenths / 10),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(random, ({ input, entries, from, length, cut, flow, used }) => {
        const tariff = tariffSchema.parse(input);
        const pricing = createPricing(tariff, tariff.dynamic && bookOf(entries));
        const words = bruteForce(tariff, tariff.dynamic ? entries : []);
        const to = from + length;

        const { reset } = words.at(from);
        const fresh = pricing.charge({ import: 0, export: 0 }, from, from).bill;
        t.is(words.accountingDate(fresh.from), reset, 'a bill begins on its day');
        t.true(words.accountingDate(fresh.from - 60_000) < reset, 'and not after it has begun');
        const bill: Bill | undefined = used === undefined ? undefined : { from: fresh.from, energy: used };

        const expected = words.account(flow, from, to, { date: reset, energy: used ?? 0 });
        const charge = pricing.charge(flow, from, to, bill);
        t.true(close(charge.cost, expected.cost), `cost ${charge.cost}, not ${expected.cost}`);
        t.true(close(charge.credit, expected.credit), `credit ${charge.credit}, not ${expected.credit}`);
        t.true(close(charge.bill.energy, expected.bill.energy), 'the bill’s energy');
        t.is(words.accountingDate(charge.bill.from), expected.bill.date, 'the bill’s day');
        t.is(charge.provisional ?? false, expected.provisional);
        const fixed = pricing.fixed(from, to);
        t.true(close(fixed, expected.fixed), `fixed ${fixed}, not ${expected.fixed}`);

        // In two steps it is the same. Between two milliseconds a time is not exact enough to tell.
        const middle = from + Math.round(length * cut);
        const share = (middle - from) / length;
        const first = { import: flow.import * share, export: flow.export * share };
        const begun = pricing.charge(first, from, middle, bill);
        const second = { import: flow.import - first.import, export: flow.export - first.export };
        const ended = pricing.charge(second, middle, to, begun.bill);
        t.true(
          close(begun.cost + ended.cost, charge.cost),
          `${begun.cost} + ${ended.cost}, not ${charge.cost}`,
        );
        t.true(close(ended.bill.energy, charge.bill.energy));
        t.true(close(pricing.fixed(from, middle) + pricing.fixed(middle, to), fixed));

        // Slices are a partition, each the same from its beginning to its end.
        const slices = pricing.split(from, to);
        t.is(slices[0]?.from, from);
        t.is(slices.at(-1)?.to, to);
        for (const [index, slice] of slices.entries()) {
          t.true(slice.from < slice.to);
          t.true(index === 0 || slice.from === slices[index - 1]?.to);
          for (const time of [slice.from, (slice.from + slice.to) / 2, slice.to - 1]) {
            const said = words.at(time);
            t.deepEqual([slice.period, slice.exportPrice], [said.period, said.exportPrice]);
            t.true(close(slice.price, said.price));
            t.is(slice.provisional ?? false, said.provisional);
          }
        }
        const now = pricing.at(from, bill);
        t.true(now.from <= from && from < now.to);
        t.true(close(now.price, words.at(from, used ?? 0).price));
      }),
      { numRuns: 40 },
    );
  });
