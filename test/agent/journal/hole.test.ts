import test from 'ava';
import { coverHole } from '../../../agent/journal/hole.ts';
import type { Reading } from '../../../shared/wire.ts';
import { testReading } from '../../support/readings.ts';

const near = (value: number | undefined) => value && Math.round(value * 1e9) / 1e9;
function gapFields(reading: Reading) {
  const { gap_seconds, gap_cause, gap_readings, gap_energy, gap_cost } = reading;
  return [near(gap_seconds), gap_cause, gap_readings, near(gap_energy), near(gap_cost)];
}

test('readings that were dropped: the totals tell what they had counted', (t) => {
  const first = coverHole(testReading(10), testReading(110));
  // 100 intervals of 1.2 s and 1 Wh, of which the reading after the hole covers the last.
  t.deepEqual(gapFields(first), [118.8, 'dropped', 99, 0.099, 0.02475]);
  t.like(first, { seq: 110, interval: 1.2, interval_energy: 0.001 });
});

test('numbers that were only skipped are no gap', (t) => {
  const after = testReading(11, { seq: 1_000_011 });
  t.is(coverHole(testReading(10), after), after);
});

test('a gap that the meter itself has told of is none that was dropped', (t) => {
  const after = testReading(110, {
    interval: 0,
    interval_energy: 0,
    interval_cost: 0,
    gap_seconds: 120,
    gap_cause: 'reader',
    gap_energy: 0.1,
    gap_cost: 0.025,
  });
  t.is(coverHole(testReading(10), after), after);
});

test('a short time uncovered is no gap; energy uncovered is one, however small', (t) => {
  const still = { energy: 0.011, cost: 0.00275 };
  t.is(coverHole(testReading(10), testReading(18, still)).gap_seconds, undefined);
  t.is(coverHole(testReading(10), testReading(20, still)).gap_cause, 'dropped');
  t.is(coverHole(testReading(10), testReading(12)).gap_energy?.toFixed(6), '0.001000');
});

test('a gap among what was dropped is covered with it, estimates apart', (t) => {
  const totals = { estimated_energy: 0.5, estimated_cost: 0.1 };
  const first = coverHole(
    testReading(10, totals),
    testReading(110, {
      interval: 0,
      interval_energy: 0,
      interval_cost: 0,
      gap_seconds: 12,
      gap_cause: 'port',
      gap_readings: 10,
      gap_energy: 0.01,
      gap_cost: 0.0025,
      gap_estimated_energy: 0.2,
      estimated_energy: 0.9,
      estimated_cost: 0.2,
    }),
  );
  t.deepEqual(gapFields(first), [120, 'dropped', 100, 0.1, 0.025]);
  t.deepEqual([near(first.gap_estimated_energy), near(first.gap_estimated_cost)], [0.4, 0.1]);
});

test('totals that were begun anew tell no energy, and the time still counts', (t) => {
  const first = coverHole(testReading(1000), testReading(1100, { energy: 0.002, cost: 0.0005 }));
  t.deepEqual(gapFields(first), [118.8, 'dropped', 99, undefined, undefined]);
});
