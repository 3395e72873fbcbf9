import test from 'ava';
import fc from 'fast-check';
import { type AccountState, account } from '../../meter/account.ts';
import type { Counter, Sample } from '../../meter/decoders/decoder.ts';
import type { UnnumberedReading } from '../../shared/wire.ts';
import { about, accountOptions, HOUR, KWH, meter, NEW, START } from './account/reader.ts';
import { phasesOf } from './phases.ts';

const U32 = 2 ** 32;

/** A panel that has metered 10 A and 20 A on its two phases since power-on. */
function panel(seq: number, change: Partial<Counter> = {}): Sample {
  const seconds = (seq * 12) / 10;
  const counter = {
    boot: 3,
    seq,
    meteredMs: (seconds * 1000) % U32,
    ampereSeconds: [(seconds * 10) % U32, (seconds * 20) % U32],
  };
  return { phases: [{ current: 10 }, { current: 20 }], counter: { ...counter, ...change } };
}
/** 30 A at 120 V. */
const WATTS = 3600;
const amps = (...currents: number[]): Sample => ({ phases: currents.map((current) => ({ current })) });

// Metered by the host

test('present amperes times nominal volts, over the time since the last sample', (t) => {
  const { take } = meter();
  t.like(take(amps(10, 20), 0), { reading: { interval: 0, interval_energy: 0, energy: 0 }, notes: {} });
  const { reading, state } = take(amps(10, 20), 1200);
  t.deepEqual(reading, {
    time: '2026-01-15T12:00:01.200Z',
    interval: 1.2,
    current_1: 10,
    current_2: 20,
    voltage_1: 120,
    voltage_2: 120,
    power: 3600,
    apparent_power: 3600,
    power_basis: 'apparent',
    energy: 0.0012,
    interval_energy: 0.0012,
    // 04:00 in Los Angeles.
    price: 0.13,
    cost: 0.000156,
    interval_cost: 0.000156,
    tariff: 'winter super off-peak',
    quality: 'measured',
  });
  t.true(about(state.energy, 0.0012) && about(state.cost, 0.000156));
  t.is(state.counter, undefined);
});

test('a silence beyond the largest gap is not charged but estimated, from the power before and after it', (t) => {
  const { take } = meter();
  take(amps(10, 20), 0);
  t.like(take(amps(10, 20), 10_000), { reading: { interval: 10, interval_energy: 0.01 }, notes: {} });
  const { reading, notes } = take(amps(5, 10), 20_001);
  t.like(notes, { gapSeconds: 10.001, unmeteredSeconds: 10.001 });
  // 2700 W for 10.001 s.
  const estimate = { energy: 0.00750075, cost: 0.000975098 };
  t.like(reading, {
    interval: 0,
    interval_energy: 0,
    interval_cost: 0,
    energy: 0.01,
    gap_seconds: 10.001,
    gap_cause: 'silence',
    gap_readings: 0,
    gap_energy: 0,
    gap_cost: 0,
    gap_estimated_energy: estimate.energy,
    gap_estimated_cost: estimate.cost,
    estimated_energy: estimate.energy,
    estimated_cost: estimate.cost,
  });
  const { reading: next, ...rest } = take(amps(10, 20), 21_001);
  t.like(rest, { notes: {} });
  t.like(next, {
    interval: 1,
    energy: 0.011,
    estimated_energy: estimate.energy,
    estimated_cost: estimate.cost,
  });
  t.is(next?.gap_seconds, undefined);
});

test('an estimate is priced by the times it is for', (t) => {
  // 2026-07-06, a Monday: from 13:00 to 15:00 in Los Angeles, where on-peak begins at 14:00.
  const before = Date.parse('2026-07-06T20:00:00Z') - START;
  const { take } = meter();
  take(amps(10, 20), before);
  const { reading } = take(amps(10, 20), before + 2 * HOUR);
  t.true(about(reading?.gap_estimated_cost, 3.6 * 0.28 + 3.6 * 0.48));
});

test('nobody can say what was used in months, or in the decades that a wrong clock makes of a night', (t) => {
  const { take } = meter({}, { ...NEW, time: 0, power: 1000 });
  const { reading, state } = take(amps(10, 20), 0);
  t.like(reading, { gap_seconds: START / 1000, gap_cause: 'reader' });
  t.is(reading?.gap_estimated_energy, undefined);
  t.is(state.estimated, undefined);
});

test('a new process goes on with the totals; the time between the two is a gap, however short', (t) => {
  const first = meter({}, { energy: 100, cost: 20 });
  for (const ms of [0, 1000, 2000]) first.take(amps(10, 20), ms);
  const { take } = meter({}, first.state);
  const { reading } = take(amps(10, 20), 7000);
  t.like(reading, {
    interval_energy: 0,
    energy: 100.002,
    gap_cause: 'reader',
    gap_seconds: 5,
    gap_readings: 4,
    gap_estimated_energy: 0.005,
  });
  t.like(take(amps(10, 20), 8000), { reading: { energy: 100.003, estimated_energy: 0.005 } });
});

test('a wall clock that fell behind between two processes makes no negative gap', (t) => {
  t.deepEqual(meter({}, { ...NEW, time: START + HOUR }).take(amps(1, 2), 0).notes, {});
});

for (const [direction, step] of [
  ['forward', 26 * HOUR],
  ['backward', -26 * HOUR],
] as const)
  test(`a clock step ${direction} changes no energy, and is reported`, (t) => {
    for (const sampleAt of [(seq: number) => panel(seq), () => amps(10, 20)]) {
      const { take } = meter();
      take(sampleAt(1), 0);
      take(sampleAt(2), 1200);
      const { reading, notes } = take(sampleAt(3), 2400, { step });
      t.deepEqual(notes, { clockStepMs: step });
      t.like(reading, { interval: 1.2, interval_energy: 0.0012, energy: 0.0024 });
      t.is(reading?.time, new Date(START + 2400 + step).toISOString());
      t.deepEqual(take(sampleAt(4), 3600, { step }).notes, {});
    }
  });

test('two readings never share a millisecond', (t) => {
  const { take, readings } = meter();
  for (let count = 0; count < 3; count += 1) take(amps(1, 2), 0);
  take(amps(1, 2), 1);
  t.deepEqual(
    readings.map(({ time }) => Date.parse(time) - START),
    [0, 1, 2, 3],
  );
});

// Power

test('without a power factor for every phase, power is apparent and says so', (t) => {
  const phases = phasesOf({ voltage: 120, power_factor: 0.9 }, { voltage: 120 });
  t.like(meter({ phases }).take(amps(10, 20), 0).reading, {
    power: 3480,
    apparent_power: 3600,
    power_basis: 'apparent',
  });
});

test('with a power factor and a voltage for each phase, power and energy are real', (t) => {
  const phases = phasesOf({ voltage: 230, power_factor: 0.9 }, { voltage: 240, power_factor: 0.5 });
  const { take } = meter({ phases });
  take(amps(10, 20), 0);
  t.like(take(amps(10, 20), 1000).reading, {
    voltage_1: 230,
    voltage_2: 240,
    power: 2070 + 2400,
    apparent_power: 2300 + 4800,
    power_basis: 'power_factor',
    interval_energy: 0.001241667,
  });
});

test('what is simulated says so, whoever counted', (t) => {
  t.is(meter({ simulated: true }).take(panel(1), 0).reading?.quality, 'simulated');
  t.is(meter({ simulated: true }).take(amps(1, 2), 0).reading?.quality, 'simulated');
  t.is(meter().take(panel(1), 0).reading?.quality, 'counted');
});

// Counted by the device

test('first contact charges nothing of what was counted before', (t) => {
  const { reading, state, notes } = meter().take(panel(100_000), 0);
  t.like(reading, { interval: 0, interval_energy: 0, energy: 0, cost: 0 });
  t.like(state.counter, { seq: 100_000 });
  t.deepEqual(notes, {});
});

test('a reader that was away for hours charges all of it, at the prices of its time', (t) => {
  // 2026-07-06, a Monday: away from 13:00 to 15:00 in Los Angeles, where on-peak begins at 14:00.
  const before = Date.parse('2026-07-06T20:00:00Z') - START;
  const first = meter();
  first.take(panel(1), before);
  const away = 6000 * 1200;
  const { reading, notes } = meter({}, first.state).take(panel(6001), before + away);
  t.deepEqual(notes, { gapSeconds: 7200 });
  t.like(reading, {
    interval: 0,
    interval_energy: 0,
    energy: 7.2,
    price: 0.48,
    tariff: 'summer on-peak',
    gap_cause: 'reader',
    gap_seconds: 7200,
    gap_readings: 5999,
    gap_energy: 7.2,
  });
  t.true(about(reading?.gap_cost, 3.6 * 0.28 + 3.6 * 0.48));
  t.is(reading?.gap_estimated_energy, undefined, 'all of it was counted');
});

test('an interval that begins a fraction of a millisecond before a price boundary is charged', (t) => {
  const boundary = Date.parse('2026-07-06T21:00:00Z') - START;
  const { take } = meter();
  take(amps(10, 20), boundary - 600.3);
  const { reading } = take(amps(10, 20), boundary + 600);
  t.true(about(reading?.interval_cost, 3.6 * ((0.28 * 0.6003 + 0.48 * 0.6) / 3600)));
});

test('lines that were lost cost no energy and no time', (t) => {
  const { take } = meter();
  take(panel(10), 0);
  t.like(take(panel(14), 4800), { reading: { interval: 4.8, interval_energy: 0.0048 }, notes: {} });
});

test('time that the device did not meter is reported', (t) => {
  const { take } = meter();
  take(panel(10), 0);
  t.deepEqual(take(panel(11), 3000).notes, {}, 'a late line is no gap');
  const { reading, notes } = take(panel(12), 3000 + 30_000);
  t.deepEqual(notes, { gapSeconds: 30, unmeteredSeconds: 28.8 });
  t.like(reading, { gap_seconds: 30, gap_readings: 0, gap_energy: 0.0012, interval_energy: 0 });
  t.is(reading?.gap_estimated_energy, undefined, 'it says that it metered nothing more');
});

test('a device that sends a line a minute makes no gaps, unless one of them is missing', (t) => {
  const slow = (seq: number) =>
    panel(seq, { meteredMs: seq * 60_000, ampereSeconds: [seq * 600, seq * 1200] });
  const { take } = meter();
  take(slow(1), 0);
  const { reading, notes } = take(slow(2), 60_000);
  t.like(reading, { interval: 60, interval_energy: 0.06 });
  t.deepEqual(notes, {});
  t.like(take(slow(4), 180_000).reading, {
    interval: 0,
    gap_seconds: 120,
    gap_readings: 1,
    gap_energy: 0.12,
  });
});

test('a short silence of a device that counts is an ordinary reading, the restart of its reader too', (t) => {
  const first = meter();
  first.take(panel(10), 0);
  const { reading, notes } = meter({}, first.state).take(panel(17), 8400);
  t.like(reading, { interval: 8.4, interval_energy: 0.0084 });
  t.deepEqual(notes, {});
});

for (const missed of ['port', 'rejects'] as const)
  test(`a gap says that it was for ${missed}`, (t) => {
    const options = accountOptions();
    const at = (ms: number) => ({ now: START + ms, monotonic: ms });
    const { state } = account(panel(1), { at: at(0), last: undefined }, NEW, options);
    const { reading } = account(panel(11), { at: { ...at(12_000), missed }, last: at(0) }, state, options);
    t.like(reading, { gap_cause: missed, gap_seconds: 12, gap_readings: 9, gap_energy: 0.012 });
  });

test('a resonator that drifts by half a percent makes no gap, however long the absence', (t) => {
  for (const drift of [0.995, 1.005]) {
    const { take } = meter();
    take(panel(0), 0);
    const away = 30_000 * 1200;
    const { reading, notes } = take(panel(30_000), away * drift);
    t.is(notes.unmeteredSeconds, undefined);
    t.like(reading, { gap_readings: 29_999, gap_energy: 36 });
  }
});

test('after a power cut the counts themselves are what was metered since', (t) => {
  const { take } = meter();
  take(panel(1000), 0);
  const { reading, notes, state } = take(panel(5, { boot: 4 }), 60_000);
  t.like(reading, {
    interval: 0,
    energy: 0.006,
    gap_cause: 'device',
    gap_seconds: 60,
    gap_energy: 0.006,
    // 3600 W for the 54 s that nobody metered.
    gap_estimated_energy: 0.054,
  });
  t.true(about(state.energy, 0.006) && about(state.estimated?.energy, 0.054));
  t.deepEqual(notes, { gapSeconds: 60, unmeteredSeconds: 54 });
});

test('the same boot number with far fewer lines is a new start as well', (t) => {
  const { take } = meter();
  take(panel(1000), 0);
  t.like(take(panel(5), 60_000).reading, { gap_cause: 'device', gap_energy: 0.006, energy: 0.006 });
});

test('what claims to have begun anew but has metered for longer is not charged', (t) => {
  const month = 30 * 24 * 3000;
  for (const [other, next] of [
    [{ boot: 4 }, { boot: 4 }],
    [{ seq: 5 }, { seq: 6 }],
  ]) {
    const { take } = meter();
    take(panel(month), 0);
    const { reading, notes } = take(panel(month + 1, other), 1200);
    t.deepEqual(notes, { implausible: true });
    t.like(reading, { interval: 0, interval_energy: 0 });
    t.like(take(panel(month + 2, next), 2400), { reading: { interval_energy: 0.0012 } });
  }
});

test('a power cut of house and host charges what was metered though the host lost its clock', (t) => {
  const first = meter();
  first.take(panel(1000), 0);
  // The new process starts with the time of half an hour ago.
  const second = meter({}, first.state);
  t.like(second.take(panel(25, { boot: 4 }), -HOUR / 2).reading, {
    gap_cause: 'reader',
    gap_seconds: 30,
    gap_energy: 0.03,
    energy: 0.03,
  });
});

test('a device that was restarted while its host slept is charged', (t) => {
  const { take } = meter();
  take(panel(1000), 0);
  const { reading } = take(panel(18_000, { boot: 4 }), 1200, { step: 8 * HOUR });
  t.like(reading, { gap_cause: 'device', gap_seconds: 6 * 3600, gap_energy: 6 * 3.6 });
});

test('charge and milliseconds wrap at 2³² without a trace', (t) => {
  const { take } = meter();
  const wrapping = (seq: number) => {
    const ms = U32 - 1500 + seq * 1200;
    const As = U32 - 30 + seq * 12;
    return panel(seq, { meteredMs: ms % U32, ampereSeconds: [As % U32, (As + 12) % U32] });
  };
  take(wrapping(0), 0);
  for (let seq = 1; seq <= 6; seq += 1)
    t.like(take(wrapping(seq), seq * 1200), {
      reading: { interval: 1.2, interval_energy: 0.0008 },
      notes: {},
    });
});

test('a reader that was away until the milliseconds came round again charges all of it', (t) => {
  const { take } = meter();
  take(panel(0), 0);
  const lines = Math.ceil(U32 / 1200) + 1;
  const { reading } = take(panel(lines), lines * 1200);
  t.true(Math.abs((reading?.gap_energy ?? 0) - (lines * 1.2 * WATTS) / KWH) < 1e-6);
});

test('a line seen before makes no reading and changes nothing', (t) => {
  const { take } = meter();
  take(panel(20), 0);
  const { state } = take(panel(21), 1200);
  for (const seq of [21, 20, 6])
    t.deepEqual(take(panel(seq), 1300), { state, notes: { stale: true }, priced: [] }, `seq ${seq}`);
  t.like(take(panel(22), 2400), { reading: { interval: 1.2, interval_energy: 0.0012 } });
});

test('charge that no current could make is not charged, and counting begins anew', (t) => {
  const { take } = meter();
  take(panel(20), 0);
  const { reading, notes } = take(panel(21, { ampereSeconds: [1_000_000, 2] }), 1200);
  t.deepEqual(notes, { implausible: true });
  t.like(reading, { interval: 0, interval_energy: 0 });
  take(panel(22), 2400);
  t.like(take(panel(23), 3600), { reading: { interval_energy: 0.0012 }, notes: {} });
});

test('a decoder that no longer counts leaves no counter behind for one that does', (t) => {
  const { take } = meter();
  take(panel(20), 0);
  take(amps(1, 2), 1000);
  t.like(take(panel(5000), 2000).reading, { interval: 0, interval_energy: 0 });
});

// Sums

test('the parts add up to the totals, whatever comes', (t) => {
  const sample = fc.oneof(
    fc.tuple(fc.double({ min: 0, max: 200, noNaN: true }), fc.double({ min: 0, max: 200, noNaN: true })),
    fc.integer({ min: 0, max: 5000 }),
  );
  const event = fc.record({
    sample,
    passed: fc.integer({ min: 0, max: 20_000 }),
    boot: fc.integer({ min: 3, max: 4 }),
    killed: fc.boolean(),
  });
  const events = fc.array(event, { maxLength: 60 });
  fc.assert(
    fc.property(events, fc.integer({ min: -HOUR, max: HOUR }), (list, step) => {
      const before: AccountState = { energy: 5, cost: 1 };
      let reader = meter({}, before);
      const readings: UnnumberedReading[] = [];
      let ms = 0;
      for (const [index, { sample: what, passed, boot, killed }] of list.entries()) {
        ms += passed;
        const { state } = reader;
        if (killed) reader = meter({}, state);
        const given = typeof what === 'number' ? panel(what, { boot }) : amps(...what);
        const { reading } = reader.take(given, ms, { step: index % 7 === 3 ? step : 0 });
        if (reading) readings.push(reading);
        t.true(reader.state.energy >= state.energy && reader.state.cost >= state.cost);
      }
      const { state } = reader;
      const rounding = 1e-9 * (readings.length + 1);
      for (const key of ['energy', 'cost'] as const) {
        const sums = { counted: 0, estimated: 0 };
        for (const reading of readings) {
          sums.counted += reading[`interval_${key}`] + (reading[`gap_${key}`] ?? 0);
          sums.estimated += reading[`gap_estimated_${key}`] ?? 0;
        }
        t.true(Math.abs(before[key] + sums.counted - state[key]) <= rounding);
        t.true(Math.abs(sums.estimated - (state.estimated?.[key] ?? 0)) <= rounding);
      }
      for (const { interval, gap_seconds } of readings) t.true(gap_seconds === undefined || interval === 0);
    }),
  );
});

test('with any lines missing, over any restarts of the reader, energy is last count minus first', (t) => {
  const line = fc.record({
    mA: fc.tuple(fc.nat(30_000), fc.nat(30_000)),
    lost: fc.boolean(),
    restarted: fc.boolean(),
  });
  const start = fc.tuple(fc.nat(U32 - 1), fc.nat(U32 - 1), fc.nat(U32 - 1));
  fc.assert(
    fc.property(start, fc.array(line, { minLength: 2, maxLength: 100 }), ([ms0, as0, as1], lines) => {
      let reader = meter();
      const counts = [as0, as1];
      const read: number[][] = [];
      for (const [index, { mA, lost, restarted }] of lines.entries()) {
        for (const [phase, current] of mA.entries())
          counts[phase] = (counts[phase] ?? 0) + Math.round((current * 12) / 10_000);
        if (lost) continue;
        if (restarted) reader = meter({}, reader.state);
        const ms = index * 1200;
        const counter = {
          boot: 1,
          seq: index,
          meteredMs: (ms0 + ms) % U32,
          ampereSeconds: counts.map((count) => count % U32),
        };
        reader.take({ phases: mA.map((current) => ({ current: current / 1000 })), counter }, ms);
        read.push([...counts]);
      }
      const sum = (list: number[] = []) => list.reduce((total, count) => total + count, 0);
      const expected = ((sum(read.at(-1)) - sum(read[0])) * 120) / KWH;
      t.true(Math.abs(reader.state.energy - expected) < 1e-12 * (1 + expected) * lines.length);
    }),
  );
});
