import test from 'ava';
import { Temporal } from 'temporal-polyfill';
import { createPricing } from '../../../../meter/tariff/pricing.ts';
import { sceTouDA } from '../../../../meter/tariff/shipped/sce-tou-d-a.ts';
import { settingsSchema } from '../../../../shared/settings/schema.ts';

const SUMMER = { 'super off-peak': 0.12, 'off-peak': 0.28, 'on-peak': 0.48 };
const WINTER = { 'super off-peak': 0.13, 'off-peak': 0.27, 'on-peak': 0.36 };
type Band = keyof typeof SUMMER;

const WEEKDAY: [time: string, band: Band][] = [
  ['00:00', 'super off-peak'],
  ['07:59:59.999', 'super off-peak'],
  ['08:00', 'off-peak'],
  ['13:59:59.999', 'off-peak'],
  ['14:00', 'on-peak'],
  ['19:59:59.999', 'on-peak'],
  ['20:00', 'off-peak'],
  ['21:59:59.999', 'off-peak'],
  ['22:00', 'super off-peak'],
  ['23:59:59.999', 'super off-peak'],
];
const WEEKEND = WEEKDAY.map(([time, band]): [string, Band] => [time, band === 'on-peak' ? 'off-peak' : band]);

const DAYS: [date: string, season: 'summer' | 'winter', day: typeof WEEKDAY][] = [
  ['2026-05-31', 'winter', WEEKEND],
  ['2026-06-01', 'summer', WEEKDAY],
  ['2026-07-03', 'summer', WEEKDAY],
  ['2026-07-04', 'summer', WEEKEND],
  ['2026-07-05', 'summer', WEEKEND],
  ['2026-07-06', 'summer', WEEKDAY],
  ['2026-09-30', 'summer', WEEKDAY],
  ['2026-10-01', 'winter', WEEKDAY],
  ['2026-10-03', 'winter', WEEKEND],
  ['2026-12-31', 'winter', WEEKDAY],
];

for (const [date, season, day] of DAYS)
  test(`${date}: every boundary of a ${season} ${day === WEEKEND ? 'weekend' : 'weekday'}`, (t) => {
    const pricing = createPricing(sceTouDA);
    for (const [time, band] of day) {
      const moment = Temporal.ZonedDateTime.from(`${date}T${time}[America/Los_Angeles]`);
      const { price, period } = pricing.at(moment.epochMilliseconds);
      t.deepEqual(
        { price, period },
        { price: { summer: SUMMER, winter: WINTER }[season][band], period: `${season} ${band}` },
        `${date} ${time}`,
      );
    }
  });

test('it obeys the rules of a tariff written out in the settings', (t) => {
  t.deepEqual(settingsSchema.parse({ meter: { tariff: sceTouDA } }).meter.tariff, sceTouDA);
});
