import test from 'ava';
import fc from 'fast-check';
import type { Sample } from '../../../meter/decoders/decoder.ts';
import type { UnnumberedReading } from '../../../shared/wire.ts';
import { phasesOf } from '../phases.ts';
import { HOUR, KWH, meter, pricingOf, SECOND } from './reader.ts';

const watts = (...powers: number[]): Sample => ({ phases: powers.map((power) => ({ power })) });
const amps = (...currents: number[]): Sample => ({ phases: currents.map((current) => ({ current })) });

test('power that the meter tells is preferred, and is called measured', (t) => {
  const { take } = meter();
  const sample: Sample = {
    phases: [
      { current: 10, voltage: 230, power: 1500 },
      { current: 2, voltage: 231 },
    ],
  };
  const { reading } = take(sample, 0);
  t.like(reading, {
    power: 1962,
    power_1: 1500,
    voltage_1: 230,
    voltage_2: 231,
    apparent_power: 2762,
    power_basis: 'apparent',
  });
  t.is(reading?.power_2, undefined, 'a product of voltage and current is not what it measures');
  t.like(take({ ...sample, power: 1900 }, 1000).reading, { power: 1900, power_basis: 'measured' });
});

test('a nominal voltage is only for bare currents', (t) => {
  const { take } = meter();
  t.like(take(amps(1, 2), 0).reading, { voltage_1: 120, voltage_2: 120, power: 360 });
  const { reading } = take({ phases: [{ current: 5, power: 800 }], registers: { import: 1 } }, 1000);
  t.is(reading?.voltage_1, undefined);
  t.is(reading?.apparent_power, undefined);
  t.like(reading, { current_1: 5, power_1: 800, power: 800 });
});

test('sensors beyond the list have the nominal voltage of its last entry', (t) => {
  const { take } = meter({ phases: phasesOf({ voltage: 120 }, { voltage: 230 }) });
  t.like(take(amps(1, 2, 3, 4), 0).reading, {
    voltage_1: 120,
    voltage_2: 230,
    voltage_3: 230,
    voltage_4: 230,
    power: 2190,
    apparent_power: 2190,
    power_basis: 'apparent',
  });
});

test('a power factor that the meter tells makes real power of current and voltage', (t) => {
  const { reading } = meter().take({ phases: [{ current: 2, voltage: 230 }], powerFactor: 0.5 }, 0);
  t.like(reading, { power: 230, apparent_power: 460, power_basis: 'measured', power_factor: 0.5 });
});

test('all that a meter tells is in its readings', (t) => {
  const sample: Sample = {
    phases: [{}, { voltage: 229.96 }],
    power: 100.004,
    apparentPower: 120,
    reactivePower: -66.3,
    frequency: 49.98,
    registers: { import: 7, importRates: { 2: 3 }, export: 1, exportRates: { 1: 1 } },
    gas: 321.123,
    water: 4.5,
  };
  const { reading } = meter().take(sample, 0);
  t.like(reading, {
    voltage_2: 229.96,
    power: 100,
    apparent_power: 120,
    reactive_power: -66.3,
    frequency: 49.98,
    register_import: 7,
    register_import_2: 3,
    register_export: 1,
    register_export_1: 1,
    gas: 321.123,
    water: 4.5,
  });
  t.is(reading?.voltage_1, undefined);
});

test('a price alone makes no reading', (t) => {
  t.deepEqual(meter().take({ phases: [], price: 0.3 }, 0).reading, undefined);
  t.deepEqual(meter().take({ phases: [{}], price: 0.3, frequency: 50 }, 0).reading, undefined);
});

test('what flows out over an interval is fed out, not taken in', (t) => {
  const { take } = meter({ pricing: pricingOf({ export_price: 0.1 }) });
  take(watts(1000), 0);
  const { reading } = take(watts(1000), 3600);
  t.is(reading?.export_energy, undefined, 'nobody knows yet that it can');
  t.like(take(watts(-3000), 7200).reading, {
    power: -3000,
    power_1: -3000,
    interval_energy: 0,
    interval_cost: 0,
    energy: 0.001,
    export_energy: 0.003,
    interval_export_energy: 0.003,
    credit: 0.0003,
    interval_credit: 0.0003,
    export_price: 0.1,
  });
  t.like(take(watts(500), 10_800).reading, { export_energy: 0.003, interval_export_energy: 0 });
});

test('who feeds in on one phase what another takes is charged for the difference', (t) => {
  const { take } = meter();
  take(watts(2000, -500), 0);
  t.like(take(watts(2000, -500), 3600).reading, { power: 1500, energy: 0.0015, export_energy: undefined });
  t.like(take(watts(500, -2000), 7200).reading, { energy: 0.0015, export_energy: 0.0015 });
});

test('a sensor that is turned round takes its current away from the others', (t) => {
  const { take } = meter({ phases: phasesOf({}, { reversed: true }) });
  t.like(take(amps(10, 2), 0).reading, {
    current_1: 10,
    current_2: 2,
    power: 960,
    power_1: 1200,
    power_2: -240,
    apparent_power: 1440,
  });
  t.like(take(amps(10, 2), 3000).reading, { energy: 0.0008, export_energy: undefined });
  t.like(take(amps(2, 10), 6000).reading, { power: -960, energy: 0.0008, export_energy: 0.0008 });
});

test('charge that our firmware counts is netted over its interval, however long that was', (t) => {
  const counted = (seq: number, ampereSeconds: number[]): Sample => ({
    phases: [{ current: 10 }, { current: 2 }],
    counter: { boot: 1, seq, meteredMs: seq * 1000, ampereSeconds },
  });
  const { take } = meter({ phases: phasesOf({}, { reversed: true }) });
  take(counted(1, [100, 100]), 0);
  t.like(take(counted(2, [110, 102]), 1000).reading, { energy: 0.000266667 });
  t.like(take(counted(3602, [110 + 3600, 102 + 36_000]), 3601 * SECOND).reading, {
    interval_energy: 0,
    energy: 0.000266667,
    export_energy: 1.08,
    gap_export_energy: 1.08,
    gap_energy: 0,
  });
});

test('of a total that the meter tells, what a turned sensor has in it is taken away twice', (t) => {
  const phases = [{ power: 1000 }, { power: 300 }];
  t.like(meter({ phases: phasesOf({}, { reversed: true }) }).take({ phases, power: 1300 }, 0).reading, {
    power: 700,
    power_2: -300,
  });
  t.like(meter({ phases: phasesOf({ reversed: true }) }).take({ phases, power: 1300 }, 0).reading, {
    power: -1300,
    power_1: -1000,
    power_2: -300,
  });
});

test('a single sensor that is turned round turns the only power there is', (t) => {
  const { take } = meter({ phases: phasesOf({ reversed: true }) });
  t.like(take({ phases: [{ current: 2, voltage: 230 }], power: 430 }, 0).reading, { power: -430 });
});

test('nothing that was fed out is guessed', (t) => {
  const { take } = meter();
  take(watts(-3000), 0);
  const { reading } = take(watts(-3000), HOUR);
  t.is(reading?.gap_estimated_energy, undefined);
  t.like(reading, { gap_energy: 0, gap_export_energy: 0, gap_credit: 0 });
  t.is(take(watts(5000), 2 * HOUR).reading?.gap_estimated_energy, 1);
});

/** The account as one would write it down: signed power over host time. */
function model(events: { passed: number; powers: number[] }[]) {
  const totals = { energy: 0, exported: 0 };
  for (const [index, { passed, powers }] of events.entries()) {
    if (index === 0 || passed > 10_000) continue;
    const net = (powers.reduce((sum, power) => sum + power, 0) * passed) / 1000 / KWH;
    if (net > 0) totals.energy += net;
    else totals.exported -= net;
  }
  return totals;
}

test('signed power over time: in less out is the net of it all, and no total falls', (t) => {
  const event = fc.record({
    passed: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 20_000 })),
    powers: fc.tuple(fc.integer({ min: -9000, max: 9000 }), fc.integer({ min: -9000, max: 9000 })),
  });
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 60 }), fc.boolean(), (events, turned) => {
      const { take, readings } = meter(turned ? { phases: phasesOf({ reversed: true }, {}) } : {});
      let ms = 0;
      for (const [index, { passed, powers }] of events.entries()) {
        ms += index === 0 ? 0 : passed;
        take(watts(turned ? -powers[0] : powers[0], powers[1]), ms);
      }
      const { energy, exported } = model(events);
      const last = readings.at(-1);
      t.true(Math.abs((last?.energy ?? 0) - energy) < 1e-8);
      t.true(Math.abs((last?.export_energy ?? 0) - exported) < 1e-8);
      const rising = (field: (reading: UnnumberedReading) => number | undefined) =>
        readings.every((reading, at) => (field(reading) ?? 0) >= (field(readings[at - 1] ?? reading) ?? 0));
      t.true(rising((reading) => reading.energy) && rising((reading) => reading.export_energy));
      for (const { interval_energy, interval_export_energy = 0 } of readings)
        t.true(interval_energy >= 0 && interval_export_energy >= 0);
    }),
  );
});
