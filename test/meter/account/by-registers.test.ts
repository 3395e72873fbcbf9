import test from 'ava';
import fc from 'fast-check';
import type { Registers, Sample } from '../../../meter/decoders/decoder.ts';
import { phasesOf } from '../phases.ts';
import { about, HOUR, KWH, meter, pricingOf, SECOND } from './reader.ts';

const registers = (told: Registers, rest: Partial<Sample> = {}): Sample => ({
  phases: [],
  power: 1200,
  registers: told,
  ...rest,
});
const bought = (kWh: number, rest: Partial<Sample> = {}) => registers({ import: kWh }, rest);

test('energy is what the register grew by, and what stood in it before is nobody’s', (t) => {
  const { take } = meter();
  t.like(take(bought(1846.123), 0), {
    reading: {
      interval: 0,
      energy: 0,
      register_import: 1846.123,
      quality: 'counted',
      power_basis: 'measured',
    },
    notes: {},
  });
  const { reading } = take(bought(1846.125), 5000);
  t.like(reading, {
    interval: 5,
    interval_energy: 0.002,
    energy: 0.002,
    power: 1200,
    register_import: 1846.125,
  });
  t.is(reading?.export_energy, undefined);
  t.is(reading?.gap_seconds, undefined);
});

test('however long nobody read it, it is the growth: of a frozen reader, and of a new process', (t) => {
  const first = meter();
  first.take(bought(100), 0);
  t.like(first.take(bought(103.6), 3 * HOUR), {
    reading: {
      interval: 0,
      interval_energy: 0,
      energy: 3.6,
      gap_seconds: 10_800,
      gap_cause: 'silence',
      gap_energy: 3.6,
    },
    notes: { gapSeconds: 10_800 },
  });
  const { reading } = meter({}, first.state).take(bought(110), 6 * HOUR);
  t.like(reading, { energy: 10, gap_cause: 'reader', gap_energy: 6.4, interval_energy: 0 });
  t.is(reading?.gap_estimated_energy, undefined, 'all of it was counted');
});

test('a clock that was set back between two processes costs no energy', (t) => {
  const first = meter();
  first.take(bought(100), 0);
  t.like(meter({}, first.state).take(bought(101.5), -HOUR / 2).reading, { energy: 1.5 });
});

test('in and out are counted apart, and earn apart', (t) => {
  const pricing = pricingOf({ export_price: 0.08 });
  const { take } = meter({ pricing });
  take(registers({ import: 100, export: 50 }), 0);
  t.like(take(registers({ import: 100.02, export: 50.01 }, { power: -450 }), 60 * SECOND).reading, {
    power: -450,
    energy: 0.02,
    export_energy: 0.01,
    export_price: 0.08,
    cost: 0.006,
    credit: 0.0008,
    gap_energy: 0.02,
    gap_export_energy: 0.01,
    gap_credit: 0.0008,
    register_export: 50.01,
  });
  t.like(take(registers({ import: 100.02, export: 50.02 }), 65 * SECOND).reading, {
    interval_energy: 0,
    interval_export_energy: 0.01,
    interval_credit: 0.0008,
    interval_cost: 0,
  });
});

test('a meter that has told an export register goes on telling what was fed out', (t) => {
  const { take } = meter();
  take(registers({ import: 1, export: 0 }), 0);
  t.like(take(bought(1), 1000).reading, { export_energy: 0, interval_export_energy: 0, credit: 0 });
});

test('the registers of single rates are told, and what counts is the total', (t) => {
  const { take } = meter();
  take(registers({ import: 30, importRates: { 1: 10, 2: 20 } }), 0);
  t.like(take(registers({ import: 30.003, importRates: { 1: 10.001, 2: 20.002 } }), 1000).reading, {
    energy: 0.003,
    register_import: 30.003,
    register_import_1: 10.001,
    register_import_2: 20.002,
  });
  t.like(take(registers({ import: 30.004 }), 2000).reading, { energy: 0.004 });
});

test('a telegram without one of two registers loses nothing of it', (t) => {
  const { take } = meter();
  take(registers({ import: 30, export: 7 }), 0);
  t.like(take(registers({ export: 7.001 }), 1000).reading, { energy: 0, export_energy: 0.001 });
  t.like(take(registers({ import: 30.002, export: 7.001 }), 2000).reading, { energy: 0.002 });
});

test('telegrams without registers lose nothing: the next one that has them makes up for it', (t) => {
  const { take } = meter();
  take(bought(100), 0);
  for (const second of [1, 2, 3])
    t.like(take({ phases: [], power: 900 }, second * SECOND).reading, {
      interval: 0,
      interval_energy: 0,
      energy: 0,
      power: 900,
      quality: 'counted',
    });
  t.like(take(bought(100.001), 4 * SECOND).reading, { interval: 4, interval_energy: 0.001 });
});

test('even when the reader was away and the first telegram after it has none', (t) => {
  const first = meter();
  first.take(bought(100), 0);
  const { take } = meter({}, first.state);
  take({ phases: [], power: 900 }, 10 * HOUR);
  take({ phases: [], power: 900 }, 10 * HOUR + SECOND);
  t.like(take(bought(109), 10 * HOUR + 2 * SECOND).reading, { energy: 9 });
});

test('a meter that has told no registers for an hour has none any more', (t) => {
  const { take, readings } = meter();
  take(bought(100), 0);
  for (let second = 5; second <= 3605; second += 5) take({ phases: [], power: 720 }, second * SECOND);
  const { reading } = take({ phases: [], power: 720 }, 3610 * SECOND);
  t.like(reading, { interval: 5, interval_energy: 0.001, quality: 'measured' });
  t.is(readings.at(-3)?.energy, 0);
});

test('where telegrams tell power only now and then, the last word stands for a minute', (t) => {
  const { take } = meter();
  take({ phases: [], power: 1500 }, 0);
  const summation = (kWh: number): Sample => ({ phases: [], registers: { import: kWh } });
  t.like(take(summation(10), 8 * SECOND).reading, { power: 1500 });
  t.like(take(summation(10.06), 50 * SECOND).reading, { power: 1500 });
  for (const second of [59, 68, 77]) take(summation(10.06), second * SECOND);
  t.not(take(summation(10.09), 86 * SECOND).reading?.power, 1500);
});

test('a meter that tells nothing but a register has the power of its growth', (t) => {
  const { take } = meter({ maxGap: 30 * SECOND });
  const powers = [10, 10, 10.01, 10.01, 10.02, 10.02, 10.02, 10.02].map(
    (kWh, index) => take({ phases: [], registers: { import: kWh } }, index * 10 * SECOND).reading?.power,
  );
  // The first step may have begun long before; from then on 0.01 kWh in 20 s are 1800 W, until a step is overdue.
  t.deepEqual(powers, [0, 0, 0, 0, 1800, 1800, 1800, 1200]);
});

test('that of what it feeds out, too', (t) => {
  const { take } = meter({ maxGap: 30 * SECOND });
  const powers = [10, 10.01, 10.02, 10.03].map(
    (kWh, index) =>
      take({ phases: [], registers: { import: 5, export: kWh } }, index * 10 * SECOND).reading?.power,
  );
  t.deepEqual(powers, [0, 0, -3600, -3600]);
});

test('another device’s register is not charged; from there on it counts', (t) => {
  const { take } = meter();
  take(bought(100, { device: 'A' }), 0);
  t.like(take(bought(100.002, { device: 'B' }), 1000), {
    reading: { interval_energy: 0, interval: 0 },
    notes: {},
  });
  t.like(take(bought(100.003, { device: 'B' }), 2000).reading, { energy: 0.001 });
  t.like(take(bought(100.004), 3000).reading, { energy: 0.002 }, 'one that does not say who it is');
});

test('a register that began anew counts for itself, where that can be', (t) => {
  const { take } = meter();
  take(bought(1234.5), 0);
  t.like(take(bought(0.004), 5000), { reading: { interval_energy: 0.004 }, notes: {} });
  t.like(take(bought(0.005), 6000).reading, { energy: 0.005 });
  t.like(take(bought(0), 7000).reading, { energy: 0.005 });
});

test('a meter that locks tells whole kWh, and counts none of them twice', (t) => {
  const { take, readings } = meter();
  let ms = 0;
  let stands = 2324.5;
  for (const digits of [4, 0, 4, 0, 1])
    for (let minute = 0; minute < 30; minute += 1) {
      take(bought(Math.floor(stands * 10 ** digits + 1e-6) / 10 ** digits), ms);
      ms += 60 * SECOND;
      stands += 0.01;
    }
  const [first, last] = [readings[0], readings.at(-1)];
  t.true(about(first?.energy, 0));
  t.true(Math.abs((last?.energy ?? 0) - 1.49) < 0.1, `${last?.energy}`);
  const fell = readings.some(({ energy }, n) => energy < (readings[n - 1]?.energy ?? 0));
  t.false(fell);
});

test('one that falls to nought began anew, and one that falls by more than its digits hide did not stand', (t) => {
  const { take } = meter();
  take(bought(0.7), 0);
  t.like(take(bought(0), 60 * SECOND).reading, { energy: 0 });
  t.like(take(bought(0.3), 900 * SECOND).reading, { energy: 0.3 });
  take(bought(2.5), HOUR);
  t.is(take(bought(1), 2 * HOUR).state.energy, 3.5);
});

test('digits that are noughts just now hide nothing: 10 Wh after 17 began anew', (t) => {
  const { take } = meter();
  take(bought(0.017), 0);
  t.is(take(bought(0.01), 5000).state.energy, 0.01);
});

test('a register that wraps goes on', (t) => {
  const { take } = meter();
  take(bought(9999.99), 0);
  t.like(take(bought(0.02), 8 * SECOND), { reading: { energy: 0.03 }, notes: {} });
});

test('growth that nothing could make is not charged, and counting begins anew from there', (t) => {
  const { take } = meter();
  take(bought(100), 0);
  t.like(take(bought(140.5), 5000), {
    reading: { interval: 0, interval_energy: 0 },
    notes: { implausible: true },
  });
  t.like(take(bought(140.502), 10_000), { reading: { interval: 5, interval_energy: 0.002 }, notes: {} });
  t.like(take(bought(99.25), 15_000), { reading: { interval_energy: 0 }, notes: { implausible: true } });
  t.like(take(bought(99.251), 20_000), { reading: { energy: 0.003 }, notes: {} });
});

test('a damaged telegram, or one seen late, costs nothing and doubles nothing', (t) => {
  for (const wrong of [900.001, 10.0001, 99.999]) {
    const { take } = meter();
    take(bought(100), 0);
    t.like(take(bought(wrong), 1000).notes, { implausible: true });
    t.like(take(bought(100.002), 2000), { reading: { energy: 0.002, interval: 2 }, notes: {} }, `${wrong}`);
  }
});

test('a register of 1 kWh makes lumps; each is priced by the time that it took', (t) => {
  // On-peak begins at 14:00 in Los Angeles.
  const two = Date.parse('2026-07-06T21:00:00Z') - Date.parse('2026-01-15T12:00:00Z');
  const { take, readings } = meter();
  for (let second = 0; second <= 90 * 60; second += 5)
    take(bought(500 + Math.floor(second / 60 / 45)), two - HOUR + second * SECOND);
  const lumps = readings.filter(({ interval_energy }) => interval_energy > 0);
  t.deepEqual(
    lumps.map(({ interval_energy, interval }) => [interval_energy, interval]),
    [
      [1, 5],
      [1, 5],
    ],
  );
  t.true(about(lumps[0]?.interval_cost, 0.28));
  t.true(Math.abs((lumps[1]?.interval_cost ?? 0) - (0.28 / 3 + (0.48 * 2) / 3)) < 1e-6);
});

test('no standing still makes everything possible', (t) => {
  const { take } = meter();
  for (let second = 0; second <= 36_000; second += 10) take(bought(10.001, { power: 0 }), second * SECOND);
  t.like(take(bought(70.001, { power: 0 }), 36_010 * SECOND).notes, { implausible: true });
});

test('smaller steps are priced so too', (t) => {
  const two = Date.parse('2026-07-06T21:00:00Z') - Date.parse('2026-01-15T12:00:00Z');
  const { take, readings } = meter();
  for (let second = -300; second <= 301; second += 5)
    take(bought(7.2 + Math.floor((second + 400) / 350) / 10), two + second * SECOND);
  // A step of 0.1 kWh takes 350 s.
  t.true(about(readings.find(({ interval_energy }) => interval_energy > 0)?.interval_cost, 0.1 * 0.28));
  const last = readings.at(-1);
  t.true(Math.abs((last?.interval_cost ?? 0) - (0.1 * (0.28 * 50 + 0.48 * 300)) / 350) < 1e-6);
});

test('a register that the meter brings up to date every quarter of an hour loses nothing', (t) => {
  const two = Date.parse('2026-07-06T21:00:00Z') - Date.parse('2026-01-15T12:00:00Z');
  const { take, readings } = meter();
  for (let second = 0; second <= 2700; second += 10) {
    const kWh = 10 + Math.floor(second / 900) * 2.125;
    t.is(
      take(bought(kWh, { power: 8500 }), two - 1200 * SECOND + second * SECOND).notes.implausible,
      undefined,
    );
  }
  t.is(readings.at(-1)?.energy, 6.375);
  // From a quarter past to half past one, and from five to two to ten past.
  const costs = readings.flatMap(({ interval_cost }) => (interval_cost > 0 ? [interval_cost] : []));
  t.true(about(costs[0], 2.125 * 0.28));
  t.true(Math.abs((costs[1] ?? 0) - 2.125 * ((0.28 * 300 + 0.48 * 600) / 900)) < 1e-6);
});

test('a register that was brought up to date while nobody read it may be so again at once', (t) => {
  const first = meter();
  // Every quarter of an hour, 10 kW: 2.5 kWh.
  first.take(bought(100), 0);
  const { take } = meter({}, first.state);
  take(bought(102.5), 899 * SECOND);
  t.like(take(bought(105), 905 * SECOND), { reading: { energy: 5 }, notes: {} });
  t.like(take(bought(107.5), 911 * SECOND), { reading: { energy: 5 }, notes: { implausible: true } });
});

test('a fine register that stood still was not in use then', (t) => {
  const two = Date.parse('2026-07-06T21:00:00Z') - Date.parse('2026-01-15T12:00:00Z');
  const { take } = meter({ maxGap: HOUR });
  take(bought(10.001), two - HOUR);
  take(bought(10.001), two);
  t.true(about(take(bought(11.001), two + HOUR).reading?.interval_cost, 0.48));
});

// Registers of single channels

const channels = (...Wh: number[]): Sample => ({
  phases: Wh.map((energy) => ({ energy: energy / 1000, power: 100 })),
});

test('channels that count each for itself are netted, and what they feed out is', (t) => {
  const { take } = meter({ phases: phasesOf({}, {}) });
  take(channels(16_346, 500), 0);
  t.like(take(channels(16_349, 499), 10_000).reading, { energy: 0.002, export_energy: undefined });
  t.like(take(channels(16_350, 495), 20_000).reading, {
    energy: 0.002,
    interval_energy: 0,
    export_energy: 0.003,
    interval_export_energy: 0.003,
  });
});

test('a channel that is turned round counts the other way', (t) => {
  const { take } = meter({ phases: phasesOf({}, { reversed: true }) });
  take(channels(1000, 2000), 0);
  t.like(take(channels(1002, 2005), 10_000).reading, {
    energy: 0,
    export_energy: 0.003,
    power: 0,
    power_1: 100,
    power_2: -100,
  });
});

test('a channel that began anew counts from 0', (t) => {
  const { take } = meter();
  take(channels(16_346, 500), 0);
  t.like(take(channels(3, 501), 10_000), { reading: { energy: 0.004 }, notes: {} });
  t.like(take(channels(4, 0), 20_000), { reading: { energy: 0.005 }, notes: {} });
});

test('a channel that has counted little and falls far began anew, unless it feeds out', (t) => {
  const little = (Wh: number, power: number): Sample => ({ phases: [{ energy: Wh / 1000, power }] });
  const anew = meter();
  anew.take(little(100, 500), 0);
  t.like(anew.take(little(2, 500), 10_000).reading, { energy: 0.002, export_energy: undefined });
  const feeding = meter();
  feeding.take(little(5, 500), 0);
  t.like(feeding.take(little(-3, -3000), 10_000).reading, { energy: 0, export_energy: 0.008 });
});

test('a channel that counts through nought loses nothing there', (t) => {
  const little = (Wh: number, power: number): Sample => ({ phases: [{ energy: Wh / 1000, power }] });
  const rising = meter();
  rising.take(little(-1300, -2000), 0);
  t.like(rising.take(little(-600, 700), HOUR).reading, { energy: 0.7, export_energy: 0 });
  const falling = meter();
  falling.take(little(34, -4000), 0);
  t.like(falling.take(little(-2, 300), 10_000).reading, { energy: 0, export_energy: 0.036 });
});

test('a channel that feeds out as the power returns, to the device and to its reader, began anew', (t) => {
  const little = (Wh: number, power: number): Sample => ({ phases: [{ energy: Wh / 1000, power }] });
  const before = meter();
  before.take(little(6800, 500), 0);
  const after = meter({}, before.state);
  t.like(after.take(little(-3, -3000), 60_000).reading, { energy: 0, export_energy: 0.003 });
});

test('what stood still for an hour has not begun anew with all that an hour could have brought', (t) => {
  const { take } = meter();
  for (let second = 0; second <= 3600; second += 10) take(bought(123.45), second * SECOND);
  t.like(take(bought(23.45), 3610 * SECOND).notes, { implausible: true });
  t.is(take(bought(123.46), 3620 * SECOND).reading?.energy, 0.01);
});

test('what has bare current sensors after a meter of registers is metered by them at once', (t) => {
  const { take } = meter();
  take(bought(100), 0);
  const amps: Sample = { phases: [{ current: 10 }, { current: 20 }] };
  t.like(take(amps, 1000).reading, { energy: 0.001, quality: 'measured' });
  t.like(take(amps, 2000).reading, { energy: 0.002, quality: 'measured' });
});

test('gain calibrates what a channel counts, and what the one register of a single sensor does', (t) => {
  const calibration = { power: { gain: 1.5, offset: 20 } };
  const emon = meter({ phases: phasesOf({ calibration }, {}) });
  emon.take(channels(1000, 2000), 0);
  t.like(emon.take(channels(1002, 2001), 10_000).reading, { energy: 0.004 });
  const pzem = meter({ phases: phasesOf({ calibration }) });
  const told = (kWh: number): Sample => ({ phases: [{ power: 100 }], registers: { import: kWh } });
  pzem.take(told(10), 0);
  t.like(pzem.take(told(10.002), 10_000).reading, { energy: 0.003 });
});

test('a meter whose every sensor is turned round has its registers swapped', (t) => {
  const { take } = meter({ phases: phasesOf({ reversed: true }) });
  const told = (kWh: number): Sample => ({
    phases: [{ current: 2, voltage: 230, power: 460 }],
    registers: { import: kWh, importRates: { 1: kWh } },
  });
  take(told(10), 0);
  const { reading } = take(told(10.001), 8000);
  t.like(reading, {
    power: -460,
    power_1: -460,
    current_1: 2,
    energy: 0,
    export_energy: 0.001,
    register_export: 10.001,
    register_export_1: 10.001,
  });
  t.is(reading?.register_import, undefined);
});

// However it is read

/** A house behind registers of some resolution: W in each of its seconds, and which of its telegrams are read. */
const life = fc.record({
  start: fc.tuple(fc.nat(9_000_000), fc.nat(9_000_000)),
  resolution: fc.constantFrom(1, 100, 1000),
  seconds: fc.array(
    fc.record({
      watts: fc.oneof(fc.integer({ min: -20_000, max: 20_000 }), fc.constantFrom(0, 230)),
      length: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30_000 })),
      read: fc.constantFrom('yes', 'yes', 'yes', 'no', 'twice', 'without registers', 'by a new process'),
    }),
    { minLength: 2, maxLength: 60 },
  ),
});

test('energy is the last register minus the first, however it was read', (t) => {
  fc.assert(
    fc.property(life, ({ start, resolution, seconds }) => {
      let reader = meter();
      let ms = 0;
      const joules = start.map((Wh) => Wh * 3600);
      const told = (power: number): Sample => {
        const [taken = 0, fed = 0] = joules.map(
          (energy) => (Math.floor(energy / 3600 / resolution) * resolution) / 1000,
        );
        return registers({ import: taken, export: fed }, { power });
      };
      const { registers: first = {} } = told(0);
      reader.take(told(0), 0);
      let last = first;
      for (const { watts, length, read } of seconds) {
        ms += length * SECOND;
        joules[watts < 0 ? 1 : 0] = (joules[watts < 0 ? 1 : 0] ?? 0) + Math.abs(watts) * length;
        if (read === 'no') continue;
        if (read === 'by a new process') reader = meter({}, reader.state);
        const before = reader.state;
        const { registers: now, ...bare } = told(watts);
        const { notes } = reader.take(read === 'without registers' ? bare : told(watts), ms);
        t.is(notes.implausible, undefined);
        if (read === 'twice') reader.take(told(watts), ms + 1);
        if (read !== 'without registers') last = now ?? {};
        t.true(reader.state.energy >= before.energy);
        t.true((reader.state.exported?.energy ?? 0) >= (before.exported?.energy ?? 0));
      }
      const { energy, exported } = reader.state;
      t.true(Math.abs(energy - ((last.import ?? 0) - (first.import ?? 0))) < 1e-8);
      t.true(Math.abs((exported?.energy ?? 0) - ((last.export ?? 0) - (first.export ?? 0))) < 1e-8);
    }),
    { numRuns: 200 },
  );
});

test('a register that begins anew at any time counts as a model of it does', (t) => {
  const event = fc.record({ Wh: fc.nat(12), reset: fc.constantFrom(false, false, false, true) });
  fc.assert(
    fc.property(fc.integer({ min: 2000, max: 9e6 }), fc.array(event, { maxLength: 80 }), (start, events) => {
      const { take, readings } = meter();
      let [register, expected] = [start, 0];
      take(bought(register / 1000), 0);
      for (const [index, { Wh, reset }] of events.entries()) {
        register = reset ? Wh : register + Wh;
        // A device that was reset to what it had, or less than it counted since, cannot be told from one that was not.
        expected += Wh;
        if (reset && register >= (readings.at(-1)?.register_import ?? 0) * 1000) return;
        t.is(take(bought(register / 1000), (index + 1) * 5000).notes.implausible, undefined);
      }
      const { energy = 0 } = readings.at(-1) ?? {};
      t.true(Math.abs(energy - expected / 1000) < 1e-8, JSON.stringify([start, events, energy, expected]));
    }),
  );
});

test('nothing a register tells makes a total fall, or charges what no current could make', (t) => {
  const told = fc.record({
    import: fc.double({ min: 0, max: 20_000, noNaN: true }),
    device: fc.constantFrom('A', 'B'),
    passed: fc.integer({ min: 0, max: 100_000 }),
  });
  fc.assert(
    fc.property(fc.array(told, { maxLength: 40 }), (list) => {
      const { take, readings } = meter();
      let ms = 0;
      for (const { import: kWh, device, passed } of list) {
        ms += passed;
        take(bought(kWh, { device }), ms);
      }
      for (const [index, { energy }] of readings.entries())
        t.true(energy >= (readings[index - 1]?.energy ?? 0));
      // 48 kW, and ten seconds of lag for each telegram.
      const most = (200 * 240 * 1.05 * (ms / 1000 + 10 * list.length)) / KWH;
      t.true((readings.at(-1)?.energy ?? 0) <= most + list.length);
    }),
  );
});
