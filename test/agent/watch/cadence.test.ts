import test from 'ava';
import fc from 'fast-check';
import { Cadence } from '../../../agent/watch/cadence.ts';

const HOUR = 3_600_000;

/** A cadence that was fed the gaps one after the other, and the time after the last. */
function fed(gaps: number[], cadence = new Cadence()): { cadence: Cadence; at: number } {
  let at = 0;
  for (const gap of gaps) {
    at += gap;
    cadence.learn(gap, at);
  }
  return { cadence, at };
}

const times = (count: number, gap: number) => Array<number>(count).fill(gap);

test('nothing is concluded before 30 gaps and 60 s', (t) => {
  t.is(fed(times(29, 60_000)).cadence.limits(), undefined);
  t.truthy(fed(times(30, 2000)).cadence.limits());
  t.is(fed(times(49, 1200)).cadence.limits(), undefined, '58.8 s');
  t.truthy(fed(times(50, 1200)).cadence.limits(), '60 s');
});

test('the starting values of the design', (t) => {
  t.deepEqual(fed(times(100, 1200)).cadence.limits(), { median: 1200, suspect: 4800, stalled: 9600 });
  t.deepEqual(
    fed(times(1000, 100)).cadence.limits(),
    { median: 100, suspect: 3000, stalled: 5000 },
    'a fast feed',
  );
  t.deepEqual(fed(times(30, 60_000)).cadence.limits(), {
    median: 60_000,
    suspect: 240_000,
    stalled: 480_000,
  });
});

test('the largest gap of 24 h is allowed half as much again, and then forgotten', (t) => {
  const { cadence, at } = fed([...times(100, 1200), 9000]);
  t.is(cadence.limits()?.stalled, 13_500);
  cadence.learn(1200, at + 23 * HOUR);
  t.is(cadence.limits()?.stalled, 13_500);
  cadence.learn(1200, at + 24 * HOUR + 1);
  t.is(cadence.limits()?.stalled, 9600);
});

test('a smaller peak counts once a larger one is a day old', (t) => {
  const { cadence } = fed(times(100, 1200));
  cadence.learn(9000, 10 * HOUR);
  cadence.learn(8000, 20 * HOUR);
  cadence.learn(1200, 33 * HOUR);
  t.is(cadence.limits()?.stalled, 13_500);
  cadence.learn(1200, 35 * HOUR);
  t.is(cadence.limits()?.stalled, 12_000);
});

test('no gap, however large, makes it wait over a minute or 20 medians', (t) => {
  t.is(fed([...times(100, 1200), 10 * HOUR]).cadence.limits()?.stalled, 60_000);
  t.is(fed([...times(100, 30_000), 10 * HOUR]).cadence.limits()?.stalled, 600_000);
});

test('a slower pace is believed after half of the short window, a faster one after half of the long', (t) => {
  const { cadence, at } = fed(times(1000, 1200));
  for (let n = 1; n <= 9; n += 1) cadence.learn(3600, at + n * 3600);
  t.is(cadence.limits()?.median, 1200);
  cadence.learn(3600, at + 10 * 3600);
  t.is(cadence.limits()?.median, 3600);

  const slow = fed(times(1000, 10_000));
  for (let n = 1; n <= 499; n += 1) slow.cadence.learn(1000, slow.at + n * 1000);
  t.is(slow.cadence.limits()?.median, 10_000);
  for (let n = 500; n <= 510; n += 1) slow.cadence.learn(1000, slow.at + n * 1000);
  t.is(slow.cadence.limits()?.median, 1000);
});

test('what was learned goes on in the next process, the largest gap included', (t) => {
  const { cadence } = fed([...times(40, 1200), 9000, ...times(10, 1200)]);
  const next = new Cadence(cadence.window());
  t.deepEqual(next.limits(), cadence.limits());
  t.is(new Cadence(times(20, 1000)).limits(), undefined, 'too little is still too little');
  t.is(fed(times(9, 5000), new Cadence(times(21, 1000))).cadence.limits()?.median, 1000, 'and goes on');
  t.is(new Cadence(times(5000, 1000)).window().length, 1000);
});

test('medians and deviations are those of the definition', (t) => {
  const gaps = fc.array(fc.integer({ min: 1000, max: 9000 }), { minLength: 60, maxLength: 1500 });
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  fc.assert(
    fc.property(gaps, (gaps) => {
      const window = gaps.slice(-1000);
      const long = median(window);
      const usual = Math.max(long, median(window.slice(-20)));
      const deviation = median(window.map((gap) => Math.abs(gap - long)));
      const { median: found, suspect, stalled } = fed(gaps).cadence.limits() ?? t.fail();
      t.is(found, usual);
      t.is(suspect, Math.min(stalled, Math.max(3000, 4 * usual, usual + 8 * 1.48 * deviation)));
    }),
    { numRuns: 50 },
  );
});

test('limits are in order and bounded, whatever the gaps', (t) => {
  const gaps = fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { minLength: 30, maxLength: 200 });
  fc.assert(
    fc.property(gaps, (gaps) => {
      const limits = fed([...gaps, 60_000]).cadence.limits();
      if (limits === undefined) return t.fail();
      t.true(limits.stalled >= 5000 && limits.stalled <= Math.max(60_000, 20 * limits.median));
      t.true(limits.suspect <= limits.stalled && limits.suspect >= 3000);
    }),
  );
});
