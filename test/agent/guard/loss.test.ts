import test from 'ava';
import { lossOf } from '../../../agent/guard/loss.ts';
import { testReading } from '../../support/readings.ts';

test('a silence costs the readings of its time, and energy at the last known power', (t) => {
  const before = testReading(1, { power: 1000 });
  t.deepEqual(lossOf(before, testReading(31), 1200), { readings: 29, seconds: 36, energy: 0.01 });
  t.is(lossOf({ ...before, power: -1000 }, testReading(31), 1200).energy, 0.01, 'feeding in');
});

test('a meter that went on counting lost no energy', (t) => {
  for (const quality of ['counted', 'simulated'] as const)
    t.is(lossOf(testReading(1), testReading(31, { quality }), 1200).energy, 0);
});

test('where no cadence is known, the reading’s own interval is one', (t) => {
  t.is(lossOf(testReading(1), testReading(11)).readings, 9);
  t.is(lossOf(testReading(1, { interval: 0 }), testReading(11)).readings, 0);
});

test('a clock that stepped back makes no loss negative', (t) => {
  t.deepEqual(lossOf(testReading(31), testReading(1), 1200), { readings: 0, seconds: 0, energy: 0 });
});
