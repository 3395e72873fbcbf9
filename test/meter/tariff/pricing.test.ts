import test from 'ava';
import { Temporal } from 'temporal-polyfill';
import {
  type Bill,
  createPricing,
  findTariff,
  type PriceBook,
  type Slice,
} from '../../../meter/tariff/pricing.ts';
import { sceTouDA } from '../../../meter/tariff/shipped/sce-tou-d-a.ts';
import { GiveUpError } from '../../../shared/errors.ts';
import type { TariffInput } from '../../../shared/settings/schema.ts';
import { tariffSchema } from '../../../shared/settings/tariff.ts';

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

const written = (input: Partial<TariffInput>) =>
  createPricing(
    tariffSchema.parse({
      name: 'own',
      currency: 'USD',
      zone: 'America/Los_Angeles',
      periods: [{ name: 'all', price: 0.3 }],
      ...input,
    }),
  );

test('a boundary in the hour that comes twice comes twice', (t) => {
  const pricing = written({
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
  const pricing = written({
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

test('a window over midnight has the morning and the evening of its own day', (t) => {
  const pricing = written({
    periods: [
      { name: 'friday night', price: 1, days: ['fri'], from: '22:00', to: '06:00' },
      { name: 'rest', price: 2 },
    ],
  });
  const thursday = at('2026-07-02T12:00[America/Los_Angeles]');
  t.deepEqual(hours(joined(pricing.split(thursday, thursday + 72 * HOUR))), [
    [2, 12],
    [1, 6],
    [2, 16],
    [1, 2],
    [2, 36],
  ]);
});

test('seasons take days as they are numbered: over new year, and on the day that most years lack', (t) => {
  const pricing = written({
    zone: 'Etc/UTC',
    seasons: [
      { name: 'winter', from: '11-15', to: '02-29' },
      { name: 'spring', from: '03-01', to: '03-31' },
    ],
    periods: [
      { name: 'winter', price: 1, season: 'winter' },
      { name: 'spring', price: 2, season: 'spring' },
      { name: 'rest', price: 3 },
    ],
  });
  const days = ['2026-11-14', '2026-11-15', '2026-12-31', '2027-01-01', '2027-02-28', '2027-03-01'];
  t.deepEqual(
    [...days, '2028-02-29', '2028-03-01', '2028-03-31', '2028-04-01'].map(
      (day) => pricing.at(Date.parse(day)).price,
    ),
    [3, 1, 1, 1, 1, 2, 1, 2, 2, 3],
  );
});

test('a holiday is no weekday, and no Sunday either', (t) => {
  const holidays = [{ date: '2026-07-06' }, { date: '2026-07-12' }];
  const weekdays = { name: 'weekday', price: 1, days: ['mon', 'tue', 'wed', 'thu', 'fri'] as const };
  const prices = (periods: TariffInput['periods']) => {
    const pricing = written({ zone: 'Etc/UTC', holidays, periods });
    return ['2026-07-06', '2026-07-07', '2026-07-11', '2026-07-12'].map(
      (day) => pricing.at(Date.parse(day)).price,
    );
  };
  const rest = { name: 'rest', price: 4 };
  t.deepEqual(prices([{ ...weekdays, days: [...weekdays.days] }, rest]), [4, 1, 4, 4]);
  const sundays = { name: 'sunday', price: 2, days: ['sun' as const] };
  const feasts = { name: 'holiday', price: 3, days: ['holiday' as const] };
  t.deepEqual(prices([sundays, feasts, rest]), [3, 4, 4, 3]);
});

const TIERED: Partial<TariffInput> = {
  periods: [
    { name: 'evening', price: [{ up_to: 100, price: 0.5 }, { price: 0.7 }], from: '17:00', to: '22:00' },
    { name: 'rest', price: [{ up_to: 100, price: 0.2 }, { up_to: 150, price: 0.3 }, { price: 0.4 }] },
  ],
  billing_day: 31,
};

test('a flow is split where a tier ends, whatever the period in which it was filled', (t) => {
  const pricing = written(TIERED);
  const noon = at('2026-07-10T12:00[America/Los_Angeles]');
  const bill = { from: pricing.billAt(noon).from, energy: 90 };
  // 5 h at 4 kW, the first 10 kWh of them below 100 kWh; then 5 h at 4 kW above.
  const charge = pricing.charge({ import: 40, export: 5 }, noon, noon + 10 * HOUR, bill);
  t.is(Math.round(charge.cost * 1e6) / 1e6, 10 * 0.2 + 10 * 0.3 + 20 * 0.7);
  t.is(charge.credit, 0);
  t.deepEqual(charge.bill, { from: bill.from, energy: 130 });
});

test('the present price is the tier’s of the next kWh', (t) => {
  const pricing = written(TIERED);
  const noon = at('2026-07-10T12:00[America/Los_Angeles]');
  const { from } = pricing.billAt(noon);
  const price = (energy: number) => pricing.at(noon, { from, energy }).price;
  t.deepEqual([0, 99.999, 100, 149, 150, 1e6].map(price), [0.2, 0.2, 0.3, 0.3, 0.4, 0.4]);
  t.is(pricing.at(noon).price, 0.2);
});

test('a bill begins on the last day of a month that has no billing day', (t) => {
  const pricing = written(TIERED);
  const begins = (zoned: string) =>
    Temporal.Instant.fromEpochMilliseconds(pricing.billAt(at(zoned)).from)
      .toZonedDateTimeISO('America/Los_Angeles')
      .toPlainDateTime()
      .toString();
  t.is(begins('2027-02-27T23:59[America/Los_Angeles]'), '2027-01-31T00:00:00');
  t.is(begins('2027-02-28T00:00[America/Los_Angeles]'), '2027-02-28T00:00:00');
  t.is(begins('2027-03-30T12:00[America/Los_Angeles]'), '2027-02-28T00:00:00');
  t.is(begins('2028-02-29T00:00[America/Los_Angeles]'), '2028-02-29T00:00:00');
  t.is(pricing.billAt(at('2027-03-01T00:00[America/Los_Angeles]')).days, 31);
});

test('tiers begin anew on the billing day, in the middle of a flow', (t) => {
  const pricing = written(TIERED);
  const midnight = at('2026-07-31T00:00[America/Los_Angeles]');
  const old: Bill = { from: pricing.billAt(midnight - 1).from, energy: 160 };
  const { cost, bill } = pricing.charge(
    { import: 4, export: 0 },
    midnight - 2 * HOUR,
    midnight + 2 * HOUR,
    old,
  );
  t.is(Math.round(cost * 1e6) / 1e6, 1.2);
  t.deepEqual(bill, { from: midnight, energy: 2 });
});

test('a bill of a clock that was wrong is begun anew', (t) => {
  const pricing = written(TIERED);
  const noon = at('2026-07-10T12:00[America/Los_Angeles]');
  for (const from of [0, at('2031-07-10T12:00[America/Los_Angeles]')])
    t.is(pricing.at(noon, { from, energy: 1000 }).price, 0.2);
});

test('daily tiers, and an allowance for each day of the bill', (t) => {
  const noon = at('2026-02-10T12:00[America/Los_Angeles]');
  const daily = written({
    tiers_reset: 'daily',
    periods: [{ name: 'all', price: [{ up_to: 10, price: 0.2 }, { price: 0.3 }] }],
  });
  const { bill, cost } = daily.charge({ import: 36, export: 0 }, noon - 24 * HOUR, noon + 12 * HOUR);
  t.is(Math.round(cost * 1e6) / 1e6, 10 * 0.2 + 2 * 0.3 + 10 * 0.2 + 14 * 0.3);
  t.deepEqual(bill, { from: noon - 12 * HOUR, energy: 24 });

  const baseline = written({
    periods: [{ name: 'all', price: [{ up_to_daily: 10, price: 0.2 }, { price: 0.3 }] }],
  });
  const { from } = baseline.billAt(noon);
  const price = (energy: number) => baseline.at(noon, { from, energy }).price;
  t.deepEqual([279, 280].map(price), [0.2, 0.3], 'February has 28 days');
});

test('what flowed in no time, or backwards, is priced as of its end', (t) => {
  const pricing = createPricing(sceTouDA);
  const boundary = at('2026-07-06T14:00[America/Los_Angeles]');
  for (const from of [boundary, boundary + HOUR])
    t.is(pricing.charge({ import: 2, export: 0 }, from, boundary).cost, 2 * 0.48);
});

test('what is fed out earns its period’s price, or the tariff’s, or nothing; prices may be negative', (t) => {
  const flow = { import: 1, export: 3 };
  const noon = at('2026-07-10T12:00[America/Los_Angeles]');
  const earn = (input: Partial<TariffInput>) => written(input).charge(flow, noon, noon + HOUR).credit;
  const period = { name: 'all', price: -0.1 };
  t.is(earn({ periods: [period] }), 0);
  t.is(earn({ periods: [period], export_price: 0.08 }), 0.24);
  t.is(earn({ periods: [{ ...period, export_price: -0.5 }], export_price: 0.08 }), -1.5);
  t.is(written({ periods: [period] }).charge(flow, noon, noon + HOUR).cost, -0.1);
});

test('a day costs its share of day and bill, however many hours it has', (t) => {
  const pricing = written({ fixed_daily: 0.4, fixed_monthly: 31 });
  const day = (date: string) => {
    const from = Temporal.PlainDate.from(date).toZonedDateTime('America/Los_Angeles');
    return pricing.fixed(from.epochMilliseconds, from.add({ days: 1 }).epochMilliseconds);
  };
  t.is(day('2026-03-08'), 1.4);
  t.is(day('2026-03-09'), 1.4);
  t.is(day('2026-11-01'), 0.4 + 31 / 30);
  t.is(
    pricing.fixed(at('2026-03-08T00:00[America/Los_Angeles]'), at('2026-03-08T03:00[America/Los_Angeles]')),
    1.4 * (2 / 23),
  );
  t.is(pricing.fixed(10, 10), 0);
  t.is(pricing.fixed(10, 5), 0);
});

const NOON = Date.UTC(2026, 6, 10, 12);
const BOOK: PriceBook = {
  at: (time) =>
    time >= NOON && time < NOON + HOUR
      ? { from: NOON, to: NOON + HOUR, price: -0.05, exportPrice: 0.02 }
      : undefined,
  next: (time) => (time < NOON ? NOON : Number.POSITIVE_INFINITY),
};
const source = { url: 'https://prices.example.org/', shape: 'octopus' as const };
const dynamic = (sources: object) =>
  createPricing(
    tariffSchema.parse({
      name: 'dynamic',
      currency: 'EUR',
      zone: 'Etc/UTC',
      export_price: 0.01,
      periods: [
        { name: 'day', price: 0.1, from: '06:00', to: '12:30' },
        { name: 'night', price: [{ up_to: 5, price: 0.03 }, { price: 0.04 }] },
      ],
      dynamic: { fallback: 0.25, ...sources },
    }),
    BOOK,
  );

test('a published price has the period’s added; until it is known the fallback stands in for it', (t) => {
  const pricing = dynamic({ import: source });
  const said = pricing.split(NOON - HOUR, NOON + 2 * HOUR);
  t.deepEqual(
    said.map(({ price, exportPrice, provisional }) => [
      Math.round(price * 1e6) / 1e6,
      exportPrice,
      provisional,
    ]),
    [
      [0.35, 0.01, true],
      [0.05, 0.02, undefined],
      [-0.02, 0.02, undefined],
      [0.28, 0.01, true],
    ],
  );
  t.is(said[1]?.from, NOON);
  t.is(said[1]?.to, NOON + HOUR / 2);
  t.deepEqual(pricing.periods, [
    { name: 'day', price: 0.35 },
    { name: 'night', price: 0.28 },
  ]);
});

test('a charge that used the fallback says so', (t) => {
  const pricing = dynamic({ import: source });
  const flow = { import: 2, export: 1 };
  const charge = (from: number) => pricing.charge(flow, from, from + HOUR / 4);
  t.true(charge(NOON - HOUR).provisional);
  t.is(charge(NOON).provisional, undefined);
  t.is(Math.round(charge(NOON).cost * 1e6) / 1e6, 0.1);
  t.is(charge(NOON).credit, 0.02);
});

test('a published price and the period’s make one without the noise of binary fractions', (t) => {
  const book = { at: () => ({ from: 0, to: 8.64e15, price: 0.2 }), next: () => Number.POSITIVE_INFINITY };
  const tariff = tariffSchema.parse({
    name: 'spot',
    currency: 'EUR',
    zone: 'UTC',
    periods: [{ name: 'all', price: 0.1 }],
    dynamic: { fallback: 1, import: { file: 'x.json', shape: 'octopus' } },
  });
  t.is(createPricing(tariff, book).at(0).price, 0.3);
});

test('published prices for what is fed out leave what is taken in to the periods', (t) => {
  const pricing = dynamic({ export: source });
  t.deepEqual([pricing.at(NOON).price, pricing.at(NOON).exportPrice], [0.1, 0.02]);
  t.deepEqual([pricing.at(NOON - 1).price, pricing.at(NOON - 1).provisional], [0.1, true]);
});

test('periods of one name are told of once', (t) => {
  const pricing = written({
    periods: [
      { name: 'peak', price: 2, from: '06:00', to: '08:00' },
      { name: 'peak', price: 3, from: '18:00', to: '20:00' },
      { name: 'rest', price: [{ up_to: 9, price: 1 }, { price: 4 }] },
    ],
  });
  t.deepEqual(pricing.periods, [
    { name: 'peak', price: 2 },
    { name: 'rest', price: 1 },
  ]);
});

test('8760 hours and the readings of an hour are charged fast enough for a year’s bill', (t) => {
  const pricing = written({ ...TIERED, fixed_daily: 0.4 });
  let bill: Bill | undefined;
  const charge = (count: number, step: number) => {
    const started = process.cpuUsage();
    let time = at('2026-01-01T00:00[America/Los_Angeles]');
    for (let n = 0; n < count; n += 1, time += step) {
      ({ bill } = pricing.charge({ import: 1, export: 0 }, time, time + step, bill));
      pricing.fixed(time, time + step);
    }
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1000;
  };
  // Ten times what a slow machine needs; calendars asked for each reading would take a hundred times.
  t.true(charge(8760, HOUR) < 2000);
  t.true(charge(100_000, 36) < 2000);
});
