import test from 'ava';
import fc from 'fast-check';
import { exponential } from '../../shared/backoff.ts';

test('a wait doubles, is jittered in its upper half, and never passes the most', (t) => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const bounds = fc.record({
    first: fc.integer({ min: 1, max: 10_000 }),
    factor: fc.integer({ min: 1, max: 1000 }),
  });
  fc.assert(
    fc.property(bounds, fc.nat(5000), random, ({ first, factor }, attempt, chance) => {
      const most = first * factor;
      const ceiling = Math.min(most, first * 2 ** attempt);
      const wait = exponential(first, most, () => chance)(attempt);
      t.true(wait >= ceiling / 2 && wait <= ceiling, `${wait} of ${ceiling}`);
    }),
  );
});

test('the first waits are as given', (t) => {
  const longest = exponential(200, 5000, () => 1);
  t.deepEqual([0, 1, 2, 3, 4, 5, 6].map(longest), [200, 400, 800, 1600, 3200, 5000, 5000]);
});
