import test from 'ava';
import fc from 'fast-check';
import { Cadence } from '../../../agent/watch/cadence.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A cadence that was fed the gaps one after the other, and the time after the last. */
function fed(gaps: Iterable<number>, cadence = new Cadence(), since = 0): { cadence: Cadence; at: number } {
  let at = since;
  for (const gap of gaps) {
    at += gap;
    cadence.learn(gap, at);
  }
  return { cadence, at };
}

const stalled = (gaps: Iterable<number>) => fed(gaps).cadence.limits()?.stalled ?? Number.NaN;
const times = (count: number, gap: number) => Array<number>(count).fill(gap);
const repeated = (count: number, gaps: number[]) => Array<number[]>(count).fill(gaps).flat();

test('nothing is concluded before 30 gaps and 60 s', (t) => {
  t.is(fed(times(29, MINUTE)).cadence.limits(), undefined);
  t.truthy(fed(times(30, 2000)).cadence.limits());
  t.is(fed(times(49, 1200)).cadence.limits(), undefined, '58.8 s');
  t.truthy(fed(times(50, 1200)).cadence.limits(), '60 s');
});

test('a regular feed is convicted after eight gaps, a fast one after 5 s', (t) => {
  t.deepEqual(fed(times(100, 1200)).cadence.limits(), { median: 1200, suspect: 4800, stalled: 9600 });
  t.deepEqual(fed(times(1000, 100)).cadence.limits(), { median: 100, suspect: 3000, stalled: 5000 });
  const slow = { median: MINUTE, suspect: 4 * MINUTE, stalled: 8 * MINUTE };
  t.deepEqual(fed(times(30, MINUTE)).cadence.limits(), slow);
});

test('quantised: a message lost now and then, or two, does not make it wait longer', (t) => {
  const lossy = repeated(20, [...times(30, 10_000), 20_000, ...times(30, 10_000), 30_000]);
  t.deepEqual(fed(lossy).cadence.limits(), { median: 10_000, suspect: 40_000, stalled: 80_000 });
});

test('bimodal: what comes often is no tail, whichever of the two is the usual', (t) => {
  t.is(
    stalled(repeated(100, [...times(4, 1000), 5000])),
    20_000,
    'a random moment falls into the longer one',
  );
  t.is(stalled(repeated(100, [...times(9, 10_000), 1000])), 80_000);
});

test('bursts: the pause is not convicted, from the first time that it is judged at all', (t) => {
  const burst = [...times(19, 50), MINUTE];
  const cadence = new Cadence();
  let at = 0;
  for (const gap of repeated(200, burst)) {
    t.true((cadence.limits()?.stalled ?? Number.POSITIVE_INFINITY) > 1.5 * MINUTE);
    at += gap;
    cadence.learn(gap, at);
  }
  t.deepEqual(cadence.limits(), { median: 50, suspect: 2 * MINUTE, stalled: 4 * MINUTE });
});

test('bursts three times slower are not convicted either', (t) => {
  const { cadence } = fed(repeated(100, [...times(9, 50), MINUTE]));
  t.true((cadence.limits()?.stalled ?? 0) > 3 * MINUTE);
});

test('duty-cycled: the first silence convicts, and no other, once it was learned', (t) => {
  const cadence = new Cadence();
  const cycle = [...times(600, 1000), 50 * MINUTE];
  let convictions = 0;
  let at = 0;
  for (const gap of repeated(500, cycle)) {
    if (gap >= (cadence.limits()?.stalled ?? Number.POSITIVE_INFINITY)) convictions += 1;
    at += gap;
    cadence.learn(gap, at);
  }
  t.is(convictions, 1);
  const limit = cadence.limits()?.stalled ?? 0;
  t.true(limit > 60 * MINUTE && limit < 4 * HOUR, `${limit} ms`);
});

test('one large gap, or a second, is an accident; a third makes a habit', (t) => {
  const { cadence, at } = fed(times(5000, 10_000));
  cadence.learn(HOUR, at);
  fed(times(1000, 10_000), cadence, at);
  t.is(cadence.limits()?.stalled, 80_000);
  cadence.learn(HOUR, at);
  t.is(cadence.limits()?.stalled, 80_000);
  cadence.learn(HOUR, at);
  t.true((cadence.limits()?.stalled ?? 0) > HOUR);
});

test('after the longest gap so far it learns again, until eight times as long was seen', (t) => {
  const { cadence, at } = fed(times(60, MINUTE));
  cadence.learn(HOUR, at);
  t.is(cadence.limits(), undefined);
  fed(times(359, MINUTE), cadence, at);
  t.is(cadence.limits(), undefined, '7 h 59 min');
  cadence.learn(MINUTE, at);
  t.truthy(cadence.limits());
});

test('a habit is remembered for a month, and forgotten after two', (t) => {
  const { cadence } = fed([...times(1000, MINUTE), ...times(40, HOUR), ...times(1000, MINUTE)]);
  const long = cadence.limits()?.stalled ?? 0;
  t.true(long > HOUR);
  cadence.learn(MINUTE, 31 * DAY);
  fed(times(1000, MINUTE), cadence, 58 * DAY);
  t.is(cadence.limits()?.stalled, long);
  cadence.learn(MINUTE, 61 * DAY);
  t.is(cadence.limits()?.stalled, 8 * MINUTE);
});

test('the heavier the tail, the farther beyond it is waited for', (t) => {
  const ranks = Array.from({ length: 30_000 }, (_, n) => (n + 0.5) / 30_000);
  const factor = (quantile: (rank: number) => number) => {
    const gaps = ranks.map((rank) => 1000 * quantile(rank));
    return stalled(gaps) / (gaps[2] ?? 0);
  };
  const near = (value: number, expected: number) => t.true(Math.abs(value - expected) < 0.01, `${value}`);
  near(
    factor((rank) => -Math.log(rank)),
    1.7,
  );
  near(
    factor((rank) => rank ** (-1 / 4)),
    2.94,
  );
  near(
    factor((rank) => rank ** (-1 / 3)),
    4.22,
  );
  near(
    factor((rank) => rank ** -1),
    6,
  );
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

test('a feed that slows down threefold, again and again, stays within its limits', (t) => {
  const { cadence, at } = fed(times(1000, 1200));
  for (const gap of [3600, 10_800, 32_400, 97_200])
    for (let n = 0; n < 20; n += 1) {
      t.true(gap < (cadence.limits()?.stalled ?? 0));
      cadence.learn(gap, at);
    }
});

test('what was learned goes on in the next process, old habits included', (t) => {
  const nights = repeated(30, [...times(840, MINUTE), 10 * HOUR]);
  for (const gaps of [
    times(60, 1200),
    [...nights, ...times(1500, MINUTE)],
    nights,
    repeated(700, [1200, 2400]),
  ]) {
    const { cadence } = fed(gaps);
    const next = new Cadence(cadence.window());
    t.truthy(next.limits());
    t.deepEqual(next.limits(), cadence.limits());
    t.deepEqual(next.window(), cadence.window());
    t.true(next.window().length <= 1030);
  }
  t.is(new Cadence(times(20, 1000)).limits(), undefined, 'too little is still too little');
  t.is(fed(times(9, 5000), new Cadence(times(21, 1000))).cadence.limits()?.median, 1000, 'and goes on');
});

test('limits are in order and bounded, whatever the gaps', (t) => {
  const gaps = fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { minLength: 30, maxLength: 200 });
  fc.assert(
    fc.property(gaps, (gaps) => {
      const limits = fed([...gaps, ...times(1000, MINUTE)]).cadence.limits();
      if (limits === undefined) return;
      const large = Math.max(MINUTE, gaps.toSorted((a, b) => b - a)[2] ?? 0);
      t.true(limits.stalled >= 8 * MINUTE && limits.stalled <= 8 * large);
      t.true(limits.suspect <= limits.stalled && limits.suspect >= 4 * MINUTE);
    }),
  );
});
