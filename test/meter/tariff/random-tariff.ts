import fc from 'fast-check';
import type { TariffInput } from '../../../shared/settings/schema.ts';
import { WEEKDAYS } from '../../../shared/settings/tariff.ts';
import type { Entry } from './brute-force.ts';

const two = (value: number) => String(value).padStart(2, '0');
const price = fc.integer({ min: -20, max: 60 }).map((cents) => cents / 100);
const timeOfDay = fc
  .oneof(
    fc.integer({ min: 0, max: 96 }).map((quarter) => quarter * 15),
    fc.integer({ min: 0, max: 1440 }),
  )
  .map((minute) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`);
const window = fc.record({ from: timeOfDay, to: timeOfDay });
/** Often close to where the test looks. */
const monthDay = (near: string[]) =>
  fc.oneof(
    fc.constantFrom(...near, '02-28', '02-29', '03-01', '12-31', '01-01'),
    fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
      .map(([month, day]) => `${two(month)}-${two(day)}`),
  );

const tieredPrice = fc
  .record({
    daily: fc.boolean(),
    steps: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 3 }),
    prices: fc.array(price, { minLength: 4, maxLength: 4 }),
  })
  .map(({ daily, steps, prices }) => {
    let bound = 0;
    const limited = steps.map((step, index) => {
      bound += step;
      return { [daily ? 'up_to_daily' : 'up_to']: daily ? bound / 16 : bound, price: prices[index] ?? 0 };
    });
    return [...limited, { price: prices[3] ?? 0 }];
  });

const holidays = (near: string[]) =>
  fc.array(
    fc.oneof(
      fc.record({ date: fc.constantFrom(...near).map((day) => `2026-${day === '02-29' ? '02-28' : day}`) }),
      fc.record({
        on: monthDay(near),
        moved: fc.dictionary(fc.constantFrom(...WEEKDAYS), fc.constantFrom(...WEEKDAYS), { maxKeys: 3 }),
      }),
      fc.record({
        month: fc.oneof(
          fc.constantFrom(...near).map((day) => Number(day.slice(0, 2))),
          fc.integer({ min: 1, max: 12 }),
        ),
        weekday: fc.constantFrom(...WEEKDAYS),
        nth: fc.constantFrom(1, 2, 3, 4, 5, -1),
        plus_days: fc.integer({ min: -3, max: 9 }),
      }),
      fc.record({ easter: fc.integer({ min: -60, max: 60 }) }),
    ),
    { minLength: 1, maxLength: 4 },
  );

/** Any tariff in a zone, with something going on about the days `near`, such as 03-08. */
export function randomTariff(zone: string, near: string[]): fc.Arbitrary<TariffInput> {
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
  const period = fc
    .record({
      price: fc.oneof(price, tieredPrice),
      export_price: optional(price),
      season: optional(fc.constantFrom('a', 'b')),
      months: optional(fc.subarray([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], { minLength: 1 })),
      days: optional(fc.subarray([...WEEKDAYS, 'holiday' as const], { minLength: 1 })),
      windows: optional(fc.array(window, { minLength: 1, maxLength: 3 })),
    })
    .map(({ windows, ...rest }) => ({
      ...rest,
      // One alone may be written either way.
      ...(windows?.length === 1 ? windows[0] : { windows }),
    }));
  const source = { url: 'https://prices.example.org/', shape: 'octopus' as const };
  return fc
    .record({
      seasons: fc.tuple(
        fc.record({ name: fc.constant('a'), from: monthDay(near), to: monthDay(near) }),
        fc.record({ name: fc.constantFrom('a', 'b'), from: monthDay(near), to: monthDay(near) }),
        fc.record({ name: fc.constant('b'), from: monthDay(near), to: monthDay(near) }),
      ),
      holidays: holidays(near),
      periods: fc.array(period, { maxLength: 5 }),
      last: fc.oneof(price, tieredPrice),
      export_price: optional(price),
      tiers_reset: fc.constantFrom('billing_day' as const, 'daily' as const),
      billing_day: fc.oneof(
        fc.constantFrom(1, 28, 29, 30, 31, ...near.map((day) => Number(day.slice(3)))),
        fc.integer({ min: 1, max: 31 }),
      ),
      fixed_daily: fc.constantFrom(0, 0.4, -0.1),
      fixed_monthly: fc.constantFrom(0, 12.5),
      dynamic: optional(
        fc.constantFrom(
          { import: source, fallback: 0.25 },
          { export: source, fallback: 0.25 },
          { import: source, export: source, fallback: 0.25 },
          { meter: true, fallback: 0.25 },
        ),
      ),
    })
    .map(({ periods, last, ...rest }) => ({
      name: 'random',
      currency: 'EUR',
      zone,
      ...rest,
      periods: [
        ...periods.map((one, index) => ({ ...one, name: `p${index}` })),
        { name: 'rest', price: last },
      ],
    })) as fc.Arbitrary<TariffInput>;
}

/** Published prices with holes, cut on whole minutes about a time. */
export function randomBook(around: number): fc.Arbitrary<Entry[]> {
  const optionalPrice = fc.option(price, { nil: undefined, freq: 3 });
  return fc
    .array(
      fc.record({
        minutes: fc.constantFrom(15, 30, 60, 7, 500),
        hole: fc.boolean(),
        price: optionalPrice,
        exportPrice: optionalPrice,
      }),
      { maxLength: 60 },
    )
    .map((stretches) => {
      let from = Math.floor(around / 60_000) * 60_000 - 20 * 3_600_000;
      return stretches.flatMap(({ minutes, hole, price, exportPrice }) => {
        const entry = {
          from,
          to: from + minutes * 60_000,
          ...(price === undefined ? {} : { price }),
          ...(exportPrice === undefined ? {} : { exportPrice }),
        };
        from = entry.to;
        return hole ? [] : [entry];
      });
    });
}
