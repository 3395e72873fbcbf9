import test from 'ava';
import type { Sample } from '../../../meter/decoders/decoder.ts';
import { meter } from './reader.ts';

/** What readings tell of gas, given what samples did. */
function gasOf(...told: (number | undefined)[]): (number | undefined)[] {
  const { take } = meter();
  return told.map((gas, index) => {
    const sample: Sample = { phases: [], power: 100, ...(gas === undefined ? {} : { gas }) };
    return take(sample, index * 1000).reading?.gas;
  });
}

test('gas is told as it stands, and not where the telegram has none', (t) => {
  t.deepEqual(gasOf(2340.123, undefined, 2340.123, 2340.2), [2340.123, undefined, 2340.123, 2340.2]);
});

test('a register that falls for one telegram is not told', (t) => {
  t.deepEqual(gasOf(2340, 0, 2340, 2341, 7, undefined, 2342), [
    2340,
    undefined,
    2340,
    2341,
    undefined,
    undefined,
    2342,
  ]);
});

test('another meter is, from its second telegram on', (t) => {
  t.deepEqual(gasOf(2340, 3, 3, 3.5), [2340, undefined, 3, 3.5]);
  t.deepEqual(gasOf(2340, 5, 3, 3, 4), [2340, undefined, undefined, 3, 4]);
});

test('gas and water do not depend on each other', (t) => {
  const { take } = meter();
  take({ phases: [], power: 1, gas: 10, water: 20 }, 0);
  const { reading } = take({ phases: [], power: 1, gas: 0, water: 21 }, 1000);
  t.is(reading?.gas, undefined);
  t.is(reading?.water, 21);
});
