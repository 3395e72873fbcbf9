import test from 'ava';
import type { Sample } from '../../../meter/decoders/decoder.ts';
import { about, HOUR, meter, NEW, pricingOf, SECOND } from './reader.ts';

const DAY = 24 * HOUR;
const bought = (kWh: number, fed?: number): Sample => ({
  phases: [],
  power: 0,
  registers: { import: kWh, ...(fed === undefined ? {} : { export: fed }) },
});
const tiered = () =>
  pricingOf({ periods: [{ name: 'tiers', price: [{ up_to: 10, price: 0.1 }, { price: 0.5 }] }] });

test('tiers go on where the last process was, and the price is that of the next kWh', (t) => {
  const first = meter({ pricing: tiered() });
  first.take(bought(100), 0);
  t.like(first.take(bought(108), HOUR).reading, { price: 0.1, cost: 0.8 });
  const { take } = meter({ pricing: tiered() }, first.state);
  t.like(take(bought(113), 2 * HOUR).reading, { price: 0.5, cost: 0.8 + 0.2 + 1.5, gap_cost: 1.7 });
});

test('what is fed out moves no tier, though it began to flow before the tiers began anew', (t) => {
  const midnight = Date.parse('2026-01-15T23:00:00Z') - Date.parse('2026-01-15T12:00:00Z');
  const periods = [{ name: 'tiers', price: [{ up_to: 0.01, price: 0.1 }, { price: 0.5 }] }];
  const { take } = meter({ pricing: pricingOf({ periods, tiers_reset: 'daily' }), maxGap: HOUR });
  take(bought(1.001, 7), midnight - 10 * SECOND);
  t.like(take(bought(1.061, 7), midnight + 5 * SECOND).reading, { price: 0.5 });
  t.like(take(bought(1.061, 8), midnight + 10 * SECOND).reading, { price: 0.5 });
});

test('negative prices make what was paid fall', (t) => {
  const { take } = meter({ pricing: pricingOf({ periods: [{ name: 'wind', price: -0.05 }] }) });
  take(bought(1), 0);
  t.like(take(bought(1.1), 8 * SECOND).reading, { price: -0.05, interval_cost: -0.005, cost: -0.005 });
});

test('what time alone costs runs through gaps and over restarts, and is no part of the cost', (t) => {
  const pricing = pricingOf({ fixed_daily: 2.4 });
  const first = meter({ pricing });
  t.is(first.take(bought(1), 0).reading?.fixed_cost, undefined);
  t.true(about(first.take(bought(1), 36 * SECOND).reading?.fixed_cost, 0.001));
  t.true(about(first.take(bought(1), HOUR).reading?.fixed_cost, 0.1));
  const { take } = meter({ pricing }, first.state);
  const { reading } = take(bought(2), 10 * HOUR);
  t.true(about(reading?.fixed_cost, 1));
  t.is(reading?.cost, 0.3);
});

test('no clock step makes it, and no absence of decades', (t) => {
  const pricing = pricingOf({ fixed_daily: 2.4 });
  for (const step of [30 * DAY, -30 * DAY]) {
    const { take } = meter({ pricing });
    take(bought(1), 0);
    t.true(about(take(bought(1), 36 * SECOND, { step }).reading?.fixed_cost, 0.001));
    t.true(about(take(bought(1), 72 * SECOND, { step }).reading?.fixed_cost, 0.002));
  }
  const { reading } = meter({ pricing }, { ...NEW, time: 0 }).take(bought(1), 0);
  t.true(Math.abs((reading?.fixed_cost ?? 0) - 31 * 2.4) < 1e-6);
  const before = meter({ pricing }, { ...NEW, time: Date.parse('2027-01-01T00:00:00Z') });
  t.is(before.take(bought(1), 0).reading?.fixed_cost, undefined, 'a clock that fell behind');
});

test('a tariff without fixed charges tells none', (t) => {
  const { take } = meter();
  take(bought(1), 0);
  t.is(take(bought(1), HOUR).reading?.fixed_cost, undefined);
});

test('corrections go into the totals, and into no interval', (t) => {
  const { take } = meter({ pricing: pricingOf({ export_price: 0.1 }) });
  take(bought(1, 1), 0);
  take(bought(1.1, 1.2), 8 * SECOND);
  const { reading } = take(bought(1.1, 1.2), 9 * SECOND, { correction: { cost: -0.01, credit: 0.002 } });
  t.like(reading, {
    cost: 0.02,
    credit: 0.022,
    interval_cost: 0,
    interval_credit: 0,
    cost_correction: -0.01,
    credit_correction: 0.002,
  });
  t.like(take(bought(1.1, 1.2), 10 * SECOND).reading, { cost: 0.02, cost_correction: undefined });
});

test('what was priced is told, each way apart', (t) => {
  const { take } = meter();
  t.deepEqual(take(bought(1, 1), 0).priced, []);
  const { priced, reading } = take(bought(1.125, 1.0625), 8 * SECOND);
  const to = Date.parse(reading?.time ?? '');
  t.deepEqual(priced, [
    { flow: { import: 0.125, export: 0 }, from: to - 8000, to },
    { flow: { import: 0, export: 0.0625 }, from: to - 8000, to },
  ]);
});

test('the account of version 0.1.0 goes on', (t) => {
  // As that version wrote it, for a meter that counts, and for one that does not.
  const counted = JSON.parse(
    '{"energy":1841.2,"cost":512.09,"time":1768478398800,"power":3600,"cadence":1.2,"counter":{"boot":3,"seq":10,"meteredMs":12000,"ampereSeconds":[120,240]},"estimated":{"energy":0.5,"cost":0.1}}',
  );
  t.deepEqual(
    meter({}, counted).take(
      {
        phases: [{ current: 10 }, { current: 20 }],
        counter: { boot: 3, seq: 11, meteredMs: 13_200, ampereSeconds: [132, 264] },
      },
      0,
    ).reading,
    {
      time: '2026-01-15T12:00:00.000Z',
      interval: 1.2,
      current_1: 10,
      voltage_1: 120,
      current_2: 20,
      voltage_2: 120,
      power: 3600,
      apparent_power: 3600,
      power_basis: 'apparent',
      energy: 1841.2012,
      interval_energy: 0.0012,
      price: 0.13,
      cost: 512.090156,
      interval_cost: 0.000156,
      tariff: 'winter super off-peak',
      quality: 'counted',
      estimated_energy: 0.5,
      estimated_cost: 0.1,
    },
  );
  const bare = JSON.parse('{"energy":7,"cost":2,"time":1768478399000,"power":360,"cadence":1.2}');
  t.like(meter({}, bare).take({ phases: [{ current: 1 }, { current: 2 }] }, 0).reading, {
    energy: 7,
    cost: 2,
    gap_cause: 'reader',
    gap_estimated_energy: 0.0001,
  });
});

test('what its readings have carried is remembered, but for what its kind promises', (t) => {
  const { take } = meter({ promised: ['register_import'] });
  const { state } = take(bought(1), 0);
  t.is(state.fields, undefined);
  const more = take({ ...bought(1, 2), gas: 3, phases: [{ voltage: 230 }] }, 1000).state.fields;
  t.deepEqual(more, ['voltage_1', 'register_export', 'gas', 'export_energy']);
  t.deepEqual(take(bought(1), 2000).state.fields, more);
});
