import test from 'ava';
import { energyView, gapView, meterView, storeView } from '../../../agent/doors/views.ts';
import { RetryError } from '../../../shared/errors.ts';
import type { Reading } from '../../../shared/wire.ts';
import { testReading } from '../../support/readings.ts';
import { feed } from './history.ts';
import { MIDNIGHT, profile, furnish as setUp } from './support.ts';

const HOUR = 3_600_000;

test('a meter is told with its sums, by the days of the journal’s zone', async (t) => {
  const { last } = feed(MIDNIGHT - 24 * HOUR);
  const arrivals = [
    ...last(1000, 24 * 3600, 600, { tariff: 'yesterday’s' }),
    ...last(2000, 6 * 3600, 600),
    ...last(500, 6 * 3600, 600, { tariff: 'on-peak' }),
  ];
  const { house } = setUp(t, arrivals);
  const [main, ...more] = house.meters();
  t.deepEqual(more, []);
  t.deepEqual(meterView.parse(main), main);
  t.like(main, {
    name: 'main',
    online: null,
    simulated: false,
    power_basis: 'apparent',
    currency: 'USD',
    tariff: 'flat',
    periods: [{ name: 'always', price: 0.25 }],
    fields: ['current_1', 'current_2'],
    yesterday: { start: MIDNIGHT - 24 * HOUR, end: MIDNIGHT, energy: 24, cost: 6, seconds: 86_400 },
    today: {
      start: MIDNIGHT,
      end: MIDNIGHT + 24 * HOUR,
      energy: 15,
      shares: [
        { tariff: 'off-peak', energy: 12, cost: 3 },
        { tariff: 'on-peak', energy: 3, cost: 0.75 },
      ],
    },
    month: { start: Date.parse('2026-03-01T08:00:00Z'), end: Date.parse('2026-04-01T07:00:00Z'), energy: 39 },
  });
  // March has an hour less: 743 hours, of which 36 were measured, the rest at yesterday's mean.
  t.like(main?.forecast, { energy: 39 + 743 - 36, cost: (39 + 743 - 36) / 4 });
  t.like(main?.reading, { time: arrivals.at(-1)?.reading.time, seq: arrivals.length, epoch: 'e1' });
});

test('what was simulated before the meter was real is no part of today', (t) => {
  const { last } = feed(MIDNIGHT);
  const simulated = last(5000, 6 * 3600, 600, { quality: 'simulated' });
  const only = setUp(t, simulated, { known: [{ name: 'main', profile: { ...profile, simulated: true } }] });
  t.like(only.house.meters()[0], { simulated: true, today: { energy: 30, simulated: true } });
  const { house } = setUp(t, [...simulated, ...last(1000, 3600, 600)]);
  t.like(house.meters()[0], {
    simulated: false,
    today: { energy: 1, cost: 0.25, simulated: false, seconds: 3600 },
    month: { energy: 1, simulated: false },
  });
});

test('a meter that has not said what it is is told by its live readings; one that is gone is not', (t) => {
  const latest: [string, Reading][] = [
    ['attic', testReading(1, { quality: 'simulated', power_basis: 'measured' })],
    ['gone', testReading(1)],
  ];
  const known = [
    { name: 'main', profile },
    { name: 'gone', profile: null },
  ];
  const { house } = setUp(t, [], { latest, known });
  const [attic, main, ...more] = house.meters();
  t.deepEqual(more, []);
  t.like(attic, {
    name: 'attic',
    simulated: true,
    power_basis: 'measured',
    currency: null,
    periods: [],
    fields: ['current_1', 'current_2', 'voltage_1', 'voltage_2'],
    today: { energy: 0 },
    forecast: null,
  });
  t.like(main, { name: 'main', reading: null, yesterday: { energy: 0 } });
});

test('there is a past for whoever has one', async (t) => {
  const { house } = setUp(t, feed(MIDNIGHT, 'former').last(100, 60, 10));
  t.deepEqual(
    ['main', 'former', 'nobody'].map((name) => house.knows(name)),
    [true, true, false],
  );
  t.like(await house.power('former', { from: MIDNIGHT, to: MIDNIGHT + HOUR }, 100), {
    power: [100, 100, 100, 100, 100, 100],
    fields: { current_1: [1, 1, 1, 1, 1, 1] },
  });
});

test('energy is told for whole hours, days and months, those that the range touches', async (t) => {
  const { last, pass } = feed(MIDNIGHT - 48 * HOUR);
  const arrivals = [...last(1000, 24 * 3600, 3600), ...last(2000, 24 * 3600, 3600)];
  pass(20 * 24 * 3600);
  const { house } = setUp(t, [...arrivals, ...last(3000, 24 * 3600, 3600)]);
  const from = MIDNIGHT - 30 * HOUR;
  const days = await house.energy('main', 'day', { from, to: MIDNIGHT + 21 * 24 * HOUR });
  t.notThrows(() => energyView.parse(days));
  t.deepEqual(
    days.buckets.map(({ start, end, energy, max }) => [start, (end - start) / HOUR, energy, max]),
    [
      [MIDNIGHT - 48 * HOUR, 24, 24, 1000],
      [MIDNIGHT - 24 * HOUR, 24, 48, 2000],
      [MIDNIGHT + 20 * 24 * HOUR, 24, 72, 3000],
    ],
  );
  const hours = await house.energy('main', 'hour', { from: MIDNIGHT - 1, to: MIDNIGHT });
  t.like(hours, {
    unit: 'hour',
    buckets: [{ start: MIDNIGHT - HOUR, end: MIDNIGHT, energy: 2, seconds: 3600 }],
  });
  t.is(hours.buckets.length, 1);
  const months = await house.energy('main', 'month', { from, to: MIDNIGHT + 21 * 24 * HOUR });
  t.deepEqual(
    months.buckets.map(({ start, energy }) => [new Date(start).toISOString(), energy]),
    [
      ['2026-03-01T08:00:00.000Z', 72],
      ['2026-04-01T07:00:00.000Z', 72],
    ],
  );
});

test('a meter that feeds out, with gas behind it, is told with what it earned and what time cost', async (t) => {
  const { read, last } = feed(MIDNIGHT - 3600_000);
  const told = { fixed_cost: 10, gas: 500 };
  const arrivals = [
    read(-2400, 1800, told),
    read(-2400, 1800, { ...told, gas: 500.25 }),
    ...last(-1200, 6 * 3600, 600, { fixed_cost: 10.5, gas: 501, cost_correction: 0.01 }),
    read(3600, 3600, { fixed_cost: 11, gas: 502 }),
  ];
  const fields = ['current_1', 'power_1', 'export_energy', 'gas'];
  const known = [{ name: 'main', profile: { ...profile, fields } }];
  const { house } = setUp(t, arrivals, { known });
  const [main] = house.meters();
  t.deepEqual(meterView.parse(main), main);
  t.like(main, {
    fields,
    decoder: 'amps',
    port: '/dev/ttyACM0',
    yesterday: { energy: 0, export_energy: 2.4, credit: 0.24, fixed_cost: 0, gas: 0.25, net: -0.24 },
    today: {
      ...{ energy: 3.6, cost: 0.9 + 0.36, export_energy: 7.2, credit: 0.72 },
      ...{ fixed_cost: 1, gas: 1.75, water: null, net: 1.54 },
    },
    month: { export_energy: 9.6, gas: 2, fixed_cost: 1 },
  });
  const view = await house.energy('main', 'hour', { from: MIDNIGHT - 1, to: MIDNIGHT + 7 * HOUR });
  t.deepEqual(energyView.parse(view), view);
  t.deepEqual(
    view.buckets.map(({ export_energy, gas }) => [export_energy, gas]),
    [[2.4, 0.25], [1.2, 0.75], ...Array(5).fill([1.2, 0]), [0, 1]],
  );
  const single = await house.power('main', { from: MIDNIGHT - HOUR, to: MIDNIGHT }, 10);
  t.deepEqual(Object.keys(single.fields), ['current_1', 'power_1']);
  const { house: unheard } = setUp(t, arrivals, {
    known: [],
    latest: [['main', arrivals[0]?.reading as Reading]],
  });
  t.deepEqual(unheard.meters()[0]?.fields.toSorted(), [
    ...['current_1', 'current_2', 'export_energy', 'gas', 'voltage_1', 'voltage_2'],
  ]);
});

test('gaps are told with the one that lasts', (t) => {
  const { last, read, now } = feed(MIDNIGHT);
  const arrivals = [
    ...last(1000, 600, 10),
    read(1000, 10, { gap_seconds: 60, gap_cause: 'port', gap_readings: 6, gap_energy: 0.5, gap_cost: 0.125 }),
    ...last(1000, 600, 10),
    read(1000, 10, { gap_seconds: 30, gap_estimated_energy: 0.25 }),
  ];
  const { house } = setUp(t, arrivals);
  const gaps = house.gaps({ from: 0, to: MIDNIGHT + 24 * HOUR }, 10);
  for (const gap of gaps) t.deepEqual(gapView.parse(gap), gap);
  t.is(gaps.length, 3);
  t.like(gaps, [
    { meter: 'main', start: now(), end: null, cause: 'silence' },
    { cause: 'silence', estimatedEnergy: 0.25 },
    { start: MIDNIGHT + 600_000, end: MIDNIGHT + 660_000, cause: 'port', readings: 6, energy: 0.5 },
  ]);
  t.is(house.gaps({ from: 0, to: MIDNIGHT + 24 * HOUR }, 2).length, 2);
  t.is(house.gaps({ from: 0, to: MIDNIGHT + HOUR / 6 + 1 }, 10).length, 1, 'before the others');
  const fresh: [string, Reading][] = [
    ['main', testReading(1, { time: new Date(MIDNIGHT + 12 * HOUR).toISOString() })],
  ];
  const { house: live } = setUp(t, arrivals, { latest: fresh });
  t.is(live.gaps({ from: 0, to: MIDNIGHT + 24 * HOUR }, 10).length, 2, 'none lasts');
});

test('a store’s error is told while it is away', (t) => {
  const counts = { written: 1, rejected: 2, retries: 3, lag: 4, lastError: 'refused' };
  const { house } = setUp(t, [], {
    stores: [
      { name: 'vm', ...counts },
      { name: 'influx', ...counts, downSince: 5 },
    ],
  });
  const stores = house.stores();
  for (const store of stores) t.deepEqual(storeView.parse(store), store);
  t.like(stores, [
    { name: 'vm', lag: 4, downSince: null, error: null },
    { name: 'influx', downSince: 5, error: 'refused' },
  ]);
});

test('while the journal cannot be read, the rest is told all the same', async (t) => {
  const { house, journal } = setUp(t, [], { latest: [['main', testReading(1)]] });
  t.true(house.state().some(({ event }) => event === 'meters'));
  journal.close();
  t.throws(() => house.meters(), { instanceOf: RetryError });
  t.throws(() => house.gaps({ from: 0, to: 1 }, 1), { instanceOf: RetryError });
  await t.throwsAsync(house.power('main', { from: 0, to: 1 }, 5), { instanceOf: RetryError });
  t.deepEqual(
    house.state().map(({ event }) => event),
    ['watches', 'reading', 'stores'],
  );
});
