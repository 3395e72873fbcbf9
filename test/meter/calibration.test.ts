import test from 'ava';
import fc from 'fast-check';
import { type Calibrated, type CalibrationState, calibrate } from '../../meter/calibration.ts';
import type { Sample } from '../../meter/decoders/decoder.ts';
import { about, meter } from './account/reader.ts';
import { phasesOf } from './phases.ts';

/** What becomes of samples that come a second apart; the first phase's current is calibrated. */
function calibrator(current: object, period = 1000) {
  const phases = phasesOf({ calibration: { current } });
  let state: CalibrationState = {};
  let at = 0;
  return (told: number): Calibrated => {
    at += period;
    const calibrated = calibrate({ phases: [{ current: told }] }, at, state, phases);
    ({ state } = calibrated);
    return calibrated;
  };
}
const currentOf = ({ sample }: Calibrated) => sample?.phases[0]?.current;

test('points, gain, offset and dead band, in this order', (t) => {
  const read = calibrator({
    points: [
      [0, 0.5],
      [10, 10.5],
      [20, 30.5],
    ],
    gain: 2,
    offset: -1,
    dead_band: 0.25,
  });
  for (const [told, so] of [
    [0, 0],
    [0.1, 0],
    [0.2, 0.4],
    [5, 10],
    [10, 20],
    [15, 40],
    [20, 60],
    [25, 80],
    [-5, -10],
  ] as const)
    t.true(about(currentOf(read(told)), so), `${told}`);
});

test('what needs no calibration is left alone', (t) => {
  const sample: Sample = { phases: [{ current: 1, voltage: 2, power: 3, energy: 4 }, {}], power: 7 };
  t.deepEqual(calibrate(sample, 0, {}, phasesOf({})), { sample, state: {}, clipped: [], refused: [] });
});

test('beyond its limits a value is refused with its sample, or brought back to them', (t) => {
  const refuse = calibrator({ least: 0, most: 30 });
  t.is(currentOf(refuse(30)), 30);
  t.like(refuse(30.1), { sample: undefined, refused: ['current_1'], clipped: [] });
  t.like(refuse(-0.1), { sample: undefined, refused: ['current_1'] });
  const clip = calibrator({ least: 0, most: 30, beyond: 'clip' });
  t.like(clip(45), { sample: { phases: [{ current: 30 }] }, clipped: ['current_1'], refused: [] });
  t.like(clip(-1), { sample: { phases: [{ current: 0 }] }, clipped: ['current_1'] });
});

test('a jump is refused; one that the next sample confirms costs that one sample', (t) => {
  const read = calibrator({ slew: 5 });
  const seen = [2, 3, 150, 3, 20, 20.5, 21, 90, 140, 22, 22].map((told) => currentOf(read(told)));
  t.deepEqual(seen, [2, 3, undefined, 3, undefined, 20.5, 21, undefined, undefined, 22, 22]);
});

test('a step is believed though it overshoots a little, and slow changes always are', (t) => {
  const read = calibrator({ slew: 1 });
  t.deepEqual(
    [1, 40, 36, 36.9, 37.8].map((told) => currentOf(read(told))),
    [1, undefined, 36, 36.9, 37.8],
  );
});

test('the longer ago the last value is, the more it may have changed', (t) => {
  t.is(currentOf(calibrator({ slew: 1 })(100)), 100, 'nothing was before it');
  const slow = calibrator({ slew: 1 }, 60_000);
  slow(1);
  t.is(currentOf(slow(60)), 60);
  // Lines that waited in a buffer come at once, and were not measured at once.
  const buffered = calibrator({ slew: 1 }, 0);
  buffered(1);
  t.is(currentOf(buffered(1.9)), 1.9);
});

test('each channel of each phase has its own', (t) => {
  const phases = phasesOf(
    { calibration: { voltage: { gain: 1.1 } } },
    { calibration: { power: { offset: 5, dead_band: 8 }, current: { most: 9, beyond: 'clip' } } },
  );
  const sample: Sample = {
    phases: [
      { current: 10, voltage: 200, power: 1000 },
      { current: 10, voltage: 200, power: 2 },
    ],
    power: 1002,
  };
  t.deepEqual(calibrate(sample, 0, {}, phases), {
    sample: {
      phases: [
        { current: 10, voltage: 220.00000000000003, power: 1000 },
        { current: 9, voltage: 200, power: 0 },
      ],
      power: 1000,
    },
    state: {},
    clipped: ['current_2'],
    refused: [],
  });
});

test('the one power of a meter without phases is that of the first', (t) => {
  const phases = phasesOf({ calibration: { power: { gain: 2 } } });
  t.like(calibrate({ phases: [], power: 100 }, 0, {}, phases), { sample: { power: 200 } });
  t.like(calibrate({ phases: [{ voltage: 230 }], power: 100 }, 0, {}, phases), { sample: { power: 200 } });
});

test('charge is calibrated by its mean current, so that energy and live current agree', (t) => {
  const phases = phasesOf(
    { calibration: { current: { gain: 1.2, offset: -0.5, dead_band: 0.6 } } },
    { calibration: { current: { most: 20, beyond: 'clip' } } },
  );
  const { take } = meter({ phases });
  const told = (seq: number, ampereSeconds: number[]): Sample => ({
    phases: [{ current: 10 }, { current: 10 }],
    counter: { boot: 1, seq, meteredMs: seq * 2000, ampereSeconds },
  });
  const energy = (seq: number, counts: number[]) =>
    take(told(seq, counts), seq * 2000).reading?.interval_energy;
  energy(0, [0, 0]);
  // 10 A are 11.5 A, 0.5 A are nothing, 25 A are 20 A.
  const kWh = (As: number) => Math.round((As * 120 * 1e9) / 3_600_000) / 1e9;
  t.is(energy(1, [20, 0]), kWh(23));
  t.is(energy(2, [21, 0]), kWh(0));
  t.is(energy(3, [21, 50]), kWh(40));
});

test('whatever is set and told, what comes out is within the limits, and steady values always come through', (t) => {
  const value = fc.double({ min: -1000, max: 1000, noNaN: true });
  const settings = fc.record({
    gain: fc.double({ min: 0.01, max: 10, noNaN: true }),
    offset: fc.double({ min: -10, max: 10, noNaN: true }),
    dead_band: fc.double({ min: 0, max: 5, noNaN: true }),
    least: fc.constant(-50),
    most: fc.constant(80),
    beyond: fc.constantFrom('clip', 'refuse'),
    slew: fc.double({ min: 0.1, max: 100, noNaN: true }),
  });
  fc.assert(
    fc.property(settings, fc.array(value, { maxLength: 30 }), value, (given, values, last) => {
      const read = calibrator(given);
      for (const told of values) {
        const { sample, refused, clipped } = read(told);
        const current = sample?.phases[0]?.current;
        t.is(current === undefined, refused.length > 0);
        if (current !== undefined) t.true(current >= -50 && current <= 80);
        if (given.beyond === 'refuse') t.deepEqual(clipped, []);
      }
      read(last);
      const { sample, refused } = read(last);
      const so = last * given.gain + given.offset;
      const possible = given.beyond === 'clip' || (so >= -50 && so <= 80) || Math.abs(so) < given.dead_band;
      t.is(sample !== undefined, possible, JSON.stringify([given, values, last, refused]));
    }),
  );
});

test('points are met exactly, and between them nothing overshoots', (t) => {
  const points = fc
    .uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 8 })
    .chain((told) =>
      fc.tuple(
        fc.constant([...told].sort((a, b) => a - b)),
        fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: told.length, maxLength: told.length }),
      ),
    );
  fc.assert(
    fc.property(points, fc.double({ min: 0, max: 1, noNaN: true }), ([told, so], part) => {
      const pairs = told.map((x, index) => [x, so[index] ?? 0]);
      const read = (value: number) => currentOf(calibrator({ points: pairs })(value)) ?? Number.NaN;
      for (const [index, [x = 0, y = 0]] of pairs.entries()) {
        t.true(Math.abs(read(x) - y) < 1e-6);
        const [x1 = x, y1 = y] = pairs[index + 1] ?? [];
        const between = read(x + part * (x1 - x));
        t.true(between >= Math.min(y, y1) - 1e-6 && between <= Math.max(y, y1) + 1e-6);
      }
    }),
  );
});
