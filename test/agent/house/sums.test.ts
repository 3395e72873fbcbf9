import test from 'ava';
import { bucketsOf, forecast, sumOf } from '../../../agent/house/sums.ts';
import type { Rollup } from '../../../agent/journal/rollups.ts';
import type { Growth } from '../../../agent/journal/standings.ts';
import { testSum } from '../../support/views.ts';

const DAY = 86_400_000;
const span = { start: 0, end: DAY };

function rollup(changes: Partial<Rollup>): Rollup {
  return {
    meter: 'main',
    start: 0,
    tariff: 'off-peak',
    quality: 'measured',
    seconds: 3600,
    readings: 10,
    energy: 1,
    cost: 0.25,
    exportEnergy: 0,
    credit: 0,
    maxPower: 1000,
    ...changes,
  };
}

test('a sum is of all real readings, shared out among the periods of the tariff, the largest first', (t) => {
  const rollups = [
    rollup({ energy: 0.1, cost: 0.01 }),
    rollup({ energy: 0.2, cost: 0.02, quality: 'counted' }),
    rollup({ energy: 2, cost: 1, tariff: 'on-peak' }),
  ];
  t.deepEqual(sumOf(rollups, span), {
    ...span,
    energy: 2.3,
    cost: 1.03,
    ...{ export_energy: 0, credit: 0, fixed_cost: 0, net: 1.03, gas: null, water: null },
    seconds: 10_800,
    simulated: false,
    shares: [
      { tariff: 'on-peak', energy: 2, cost: 1, export_energy: 0, credit: 0 },
      { tariff: 'off-peak', energy: 0.3, cost: 0.03, export_energy: 0, credit: 0 },
    ],
  });
});

const grown = (field: Growth['field'], amount: number, changes: Partial<Growth> = {}): Growth => ({
  ...{ meter: 'main', start: 0, field, simulated: false, amount },
  ...changes,
});

test('what was fed out and earned, what time cost, gas and water are summed up beside it', (t) => {
  const rollups = [
    rollup({ energy: 0, cost: -0.5, exportEnergy: 4, credit: 0.4, tariff: 'noon' }),
    rollup({ energy: 2, cost: 1, exportEnergy: 0.1, credit: 0.01 }),
  ];
  const growths = [grown('fixed_cost', 0.25), grown('gas', 1.5), grown('gas', 9, { simulated: true })];
  t.like(sumOf(rollups, span, growths), {
    ...{ energy: 2, cost: 0.5, export_energy: 4.1, credit: 0.41, fixed_cost: 0.25, net: 0.34 },
    ...{ gas: 1.5, water: null },
    shares: [
      { tariff: 'off-peak', energy: 2, cost: 1, export_energy: 0.1, credit: 0.01 },
      { tariff: 'noon', energy: 0, cost: -0.5, export_energy: 4, credit: 0.4 },
    ],
  });
});

test('a bucket has what grew in it', async (t) => {
  const rollups = [[rollup({})], [rollup({ start: DAY })]];
  const growths = [grown('gas', 1), grown('water', 2), grown('gas', 3, { start: DAY })];
  const dayOf = (time: number) => ({
    start: Math.floor(time / DAY) * DAY,
    end: Math.floor(time / DAY) * DAY + DAY,
  });
  const buckets = await bucketsOf({ rollups, growths }, dayOf, async () => {});
  t.like(buckets, [
    { gas: 1, water: 2 },
    { gas: 3, water: null },
  ]);
});

test('simulated readings are summed up alone, and only where there are no others', (t) => {
  const simulated = rollup({ energy: 50, quality: 'simulated', maxPower: 9999 });
  t.like(sumOf([simulated, rollup({})], span), { energy: 1, simulated: false });
  t.like(sumOf([simulated, simulated], span), { energy: 100, simulated: true });
  t.like(sumOf([], span), { energy: 0, seconds: 0, simulated: false, shares: [] });
});

test('buckets are for spans that have a reading, with the highest of them', async (t) => {
  const days = [
    [rollup({ start: 0, maxPower: 5 }), rollup({ start: 0, maxPower: 7 })],
    [rollup({ start: DAY })],
  ];
  const later = [[rollup({ start: 5 * DAY, quality: 'simulated' })]];
  const weekOf = (time: number) => {
    const start = Math.floor(time / (3 * DAY)) * 3 * DAY;
    return { start, end: start + 3 * DAY };
  };
  const buckets = await bucketsOf({ rollups: [...days, ...later], growths: [] }, weekOf, async () => {});
  t.is(buckets.length, 2);
  t.like(buckets[0], { start: 0, end: 3 * DAY, energy: 3, max: 1000, simulated: false });
  t.like(buckets[1], { start: 3 * DAY, end: 6 * DAY, energy: 1, simulated: true });
});

const month = (energy: number, days: number) =>
  testSum({ start: 0, end: 30 * DAY, energy, cost: energy / 4, seconds: days * 86_400 });
const day = (number: number, energy: number, hours = 24) =>
  testSum({
    ...{ start: number * DAY, end: (number + 1) * DAY, energy, cost: energy / 4, seconds: hours * 3600 },
  });

test('a month comes to what was measured and the mean of its finished days for the rest', (t) => {
  const days = [day(0, 10), day(1, 20), day(2, 1, 6)];
  t.like(forecast(month(31, 2.25), days, 2.25 * DAY), {
    energy: 31 + 15 * 27.75,
    cost: 31 / 4 + 3.75 * 27.75,
  });
});

test('on the first day nothing is said of a month, nor of one that has hardly been measured', (t) => {
  t.is(forecast(month(9, 0.9), [day(0, 9, 21)], 0.9 * DAY), null);
  t.is(forecast(month(1, 0.2), [day(4, 1, 4)], 6 * DAY), null, 'six hours of one day');
  t.is(forecast(month(0, 0), [], 6 * DAY), null);
});

test('what is missing, before the meter came or in a gap, is taken to be as the rest', (t) => {
  const forecasted = forecast(month(20, 2), [day(10, 10), day(20, 10)], 21 * DAY);
  t.is(forecasted?.energy, 300);
});

test('a real month is not foretold from simulated days', (t) => {
  const simulated = { ...day(0, 1000), simulated: true };
  t.is(forecast(month(1, 0.5), [simulated], 1.5 * DAY), null);
});
