import test from 'ava';
import fc from 'fast-check';
import { SlidingWindow } from '../../../agent/watch/window.ts';

function filled(size: number, values: number[]): SlidingWindow {
  const window = new SlidingWindow(size);
  for (const value of values) window.add(value);
  return window;
}

test('it holds the last so many, the oldest first', (t) => {
  t.deepEqual(filled(3, [5, 1]).values(), [5, 1]);
  t.deepEqual(filled(3, [5, 1, 4, 2]).values(), [1, 4, 2]);
  t.deepEqual(filled(3, [5, 1, 4, 2, 2, 9]).values(), [2, 2, 9]);
});

test('an empty one is of nothing', (t) => {
  const { median, largest } = new SlidingWindow(3);
  t.deepEqual([median, largest, new SlidingWindow(3).timeMedian(0)], [0, 0, 0]);
});

test('of a burst and a pause, a random moment falls into the pause', (t) => {
  const window = filled(100, [...Array<number>(9).fill(50), 60_000, ...Array<number>(9).fill(50), 60_000]);
  t.is(window.median, 50);
  t.is(window.timeMedian(0), 60_000);
  t.is(window.timeMedian(2), 50, 'without the two pauses');
});

test('medians and largest are those of the definition, at any time', (t) => {
  const value = fc.integer({ min: 0, max: 20 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), fc.nat({ max: 3 }), (values, without) => {
      const window = new SlidingWindow(16);
      for (const [n, value] of values.entries()) {
        window.add(value);
        const sorted = values.slice(Math.max(0, n - 15), n + 1).sort((a, b) => a - b);
        t.is(window.median, sorted[sorted.length >> 1] ?? 0);
        t.is(window.largest, sorted.at(-1) ?? 0);
        const kept = sorted.slice(0, Math.max(1, sorted.length - without));
        if (without < sorted.length) t.is(window.timeMedian(without), timeMedian(kept));
      }
    }),
  );
});

function timeMedian(sorted: number[]): number {
  const half = sorted.reduce((sum, value) => sum + value, 0) / 2;
  let below = 0;
  for (const value of sorted.slice(0, -1)) {
    below += value;
    if (below > half) return value;
  }
  return sorted.at(-1) ?? 0;
}
