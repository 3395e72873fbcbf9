import test from 'ava';
import { isLive, phasesOf } from '../../../../agent/page/model/live-reading.ts';
import { testReading } from '../../../support/readings.ts';

const reading = (changes = {}) => ({ ...testReading(1, changes) });
const at = Date.parse(testReading(1).time);

test('a reading is live for as long as the broker would keep it', (t) => {
  t.true(isLive(reading(), at + 10_000));
  t.false(isLive(reading(), at + 10_001));
  t.true(isLive(reading({ interval: 60 }), at + 300_000));
  t.false(isLive(reading({ interval: 86_400 }), at + 3_600_001));
  t.true(isLive(reading(), at - 5000), 'a clock may be behind');
});

test('phases are in order, whatever of them is told', (t) => {
  const ten = { ...reading(), current_10: 4, current_3: 5, power_1: -20, power_factor: 0.9 };
  t.deepEqual(phasesOf(ten), [
    { number: 1, current: 1, voltage: 120, power: -20 },
    { number: 2, current: 2, voltage: 120, power: undefined },
    { number: 3, current: 5, voltage: undefined, power: undefined },
    { number: 10, current: 4, voltage: undefined, power: undefined },
  ]);
});
