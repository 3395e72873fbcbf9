import test from 'ava';
import type { Self } from '../../../agent/watch/observer.ts';
import type { State } from '../../../agent/watch/verdict.ts';
import { Watch } from '../../../agent/watch/watch.ts';

const HOLD = 30_000;

/** A seen watch at time 0, a feed that drives it, and what it concludes every 250 ms. */
function watched(stallAfter?: number) {
  const watch = new Watch({ stallAfter });
  let now = 0;
  let blindness: string | undefined;
  const judge = (self: Partial<Self> = {}) =>
    watch.judge(now, { blindness, stoodStill: 0, strain: 0, ...self });
  const state = () => judge().state;
  state();
  return {
    watch,
    judge,
    state,
    blinded(why: string) {
      blindness = why;
      state();
    },
    sighted() {
      blindness = undefined;
      state();
    },
    /** Time passes in which we ourselves do nothing. */
    standStill(ms: number) {
      now += ms;
      return judge({ stoodStill: ms });
    },
    get now() {
      return now;
    },
    /** Silence of `ms`; the states it went through. */
    silence(ms: number): State[] {
      const states = [state()];
      const end = now + ms;
      while (now < end) {
        now = Math.min(end, now + 250);
        if (states.at(-1) !== state()) states.push(state());
      }
      return states;
    },
    /** One message after each of the gaps; the states that were seen on the way. */
    feed(gaps: Iterable<number>): Set<State> {
      const states = new Set<State>();
      for (const gap of gaps) {
        now += gap;
        states.add(state());
        watch.lives(now);
        states.add(state());
      }
      return states;
    },
  };
}

const times = (count: number, gap: number) => Array<number>(count).fill(gap);

/** mulberry32, for runs that can be repeated; in [0, 1). */
function randomOf(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

test('it learns, and then silence makes it suspect and stalled', (t) => {
  const feed = watched();
  t.deepEqual(feed.feed(times(50, 1200)), new Set<State>(['learning']));
  t.deepEqual(feed.feed(times(50, 1200)), new Set<State>(['learning', 'healthy']), 'from 60 s on');
  t.deepEqual(feed.silence(4750), ['healthy']);
  t.deepEqual(feed.silence(250), ['healthy', 'suspect']);
  t.deepEqual(feed.silence(4500), ['suspect']);
  t.deepEqual(feed.silence(250), ['suspect', 'stalled']);
  const { sentence, evidence } = feed.judge();
  t.is(sentence, 'silent for 9.8 s, usually 1.2 s, never over 9.6 s');
  t.deepEqual(evidence, { silence: 9750, limits: { median: 1200, suspect: 4800, stalled: 9600 } });
});

test('what was never seen, or not for long enough, convicts nobody', (t) => {
  const never = watched();
  t.deepEqual(never.silence(HOLD + 119_000), ['learning']);
  t.deepEqual(never.silence(2000), ['learning', 'stalled'], 'it is told of');
  t.is(never.judge().evidence.silence, undefined, 'and nobody is accused');
  const little = watched();
  little.feed(times(20, 1200));
  t.deepEqual(little.silence(1_000_000), ['learning']);
});

test('a limit that was given needs no learning', (t) => {
  const feed = watched(5000);
  feed.feed(times(30, 1200));
  t.deepEqual(feed.silence(5000), ['healthy', 'suspect', 'stalled']);
});

test('after the start, and after blindness, silence convicts nobody for 30 s', (t) => {
  const feed = watched(5000);
  feed.feed([100]);
  t.false(feed.silence(HOLD - 200).includes('stalled'));
  t.deepEqual(feed.silence(250), ['suspect', 'stalled']);
});

test('who is blind concludes nothing, and gives the target time when it sees again', (t) => {
  const feed = watched();
  feed.feed(times(100, 1200));
  feed.blinded('no session with the broker');
  t.deepEqual(feed.silence(100_000), ['blind']);
  t.is(feed.judge().evidence.blindness, 'no session with the broker');
  feed.sighted();
  t.deepEqual(feed.silence(HOLD - 250), ['suspect']);
  t.deepEqual(feed.silence(250), ['suspect', 'stalled']);
});

test('to be sighted when it was not blind changes nothing', (t) => {
  const feed = watched();
  feed.feed(times(100, 1200));
  feed.sighted();
  t.true(feed.silence(9600).includes('stalled'));
});

test('who stood still blames nobody for it, and counts only the silence it heard', (t) => {
  const feed = watched();
  feed.feed(times(100, 1200));
  const verdict = feed.standStill(3_600_000);
  t.is(verdict.state, 'healthy');
  t.is(verdict.evidence.silence, 0);
  t.false(feed.silence(HOLD - 250).includes('stalled'));
  t.true(feed.silence(250).includes('stalled'));
});

test('messages that were read before it noticed that it stood still do not lie in the future', (t) => {
  const feed = watched();
  feed.feed([...times(100, 1200), 60_000]);
  t.is(feed.judge({ stoodStill: 60_000 }).evidence.silence, 0);
});

test('a restart is proved by three fresh messages', (t) => {
  const feed = watched();
  feed.feed(times(100, 1200));
  t.true(feed.silence(10_000).includes('stalled'));
  feed.watch.healed(feed.now);
  t.is(feed.state(), 'recovering');
  feed.feed([1200]);
  t.is(feed.state(), 'recovering');
  feed.feed([1200]);
  t.is(feed.judge().sentence, 'healed; 2 of 3 fresh messages');
  feed.feed([1200]);
  t.is(feed.state(), 'healthy');
});

test('a restart that brings nothing is convicted again after its grace', (t) => {
  const feed = watched();
  feed.feed(times(100, 1200));
  feed.silence(10_000);
  feed.watch.healed(feed.now);
  t.deepEqual(feed.silence(HOLD - 250), ['recovering']);
  t.deepEqual(feed.silence(250), ['recovering', 'stalled']);
});

test('one message is no proof, even after the grace', (t) => {
  const feed = watched();
  feed.feed(times(100, 1200));
  feed.silence(10_000);
  feed.watch.healed(feed.now);
  feed.feed([25_000]);
  t.deepEqual(feed.silence(9500), ['recovering']);
  t.deepEqual(feed.silence(500), ['recovering', 'stalled']);
});

test('a slow feed gets the time it needs after a restart', (t) => {
  const feed = watched();
  feed.feed(times(100, 60_000));
  t.true(feed.silence(480_000).includes('stalled'));
  feed.watch.healed(feed.now);
  t.deepEqual(feed.silence(240_000), ['recovering']);
  t.deepEqual(feed.feed(times(2, 60_000)), new Set<State>(['recovering']));
  feed.feed([60_000]);
  t.is(feed.state(), 'healthy');
});

test('gaps of restarts, blindness and our own standing still are not learned', (t) => {
  const trouble: Record<string, (feed: ReturnType<typeof watched>) => void> = {
    restart: (feed) => {
      feed.watch.healed(feed.now);
      feed.silence(8000);
    },
    blindness: (feed) => {
      feed.blinded('x');
      feed.silence(8000);
      feed.sighted();
    },
    'blindness with a message in it': (feed) => {
      feed.blinded('x');
      feed.feed([8000, 8000]);
      feed.sighted();
    },
    'standing still': (feed) => {
      feed.silence(6000);
      feed.standStill(2000);
    },
  };
  for (const [what, happens] of Object.entries(trouble)) {
    const feed = watched();
    feed.feed(times(100, 1200));
    const learned = feed.watch.cadence.window();
    happens(feed);
    feed.feed([10]);
    t.deepEqual(feed.watch.cadence.window(), learned, what);
    feed.feed([1200]);
    t.is(feed.watch.cadence.window().length, learned.length + 1, `${what} is over`);
  }
});

test('a feed that slows down threefold, and again, is not convicted, and is followed', (t) => {
  const feed = watched();
  feed.feed(times(1000, 1200));
  for (const gap of [3600, 10_800, 32_400]) {
    t.false(feed.feed(times(20, gap)).has('stalled'), `${gap} ms`);
    t.is(feed.watch.cadence.limits()?.median, gap);
  }
});

test('a feed that slows down tenfold is convicted once, not for ever', (t) => {
  const feed = watched();
  feed.feed(times(1000, 1200));
  let restarts = 0;
  for (let message = 0; message < 100; message += 1) {
    if (feed.silence(12_000).includes('stalled')) {
      restarts += 1;
      feed.watch.healed(feed.now);
    }
    feed.watch.lives(feed.now);
  }
  t.true(restarts <= 2, `${restarts} restarts`);
  t.is(feed.watch.cadence.limits()?.median, 12_000);
});

test('two outages that end by themselves are accidents, a third makes them a habit', (t) => {
  const feed = watched();
  feed.feed(times(1000, 1200));
  for (let n = 0; n < 2; n += 1) feed.feed([60_000, 1200]);
  t.is(feed.watch.cadence.limits()?.stalled, 9600);
  feed.feed([60_000, 1200]);
  t.true((feed.watch.cadence.limits()?.stalled ?? 0) > 60_000);
});

test('what a restart cured is no habit; what outlasted one is', (t) => {
  const feed = watched();
  feed.feed(times(1000, 1200));
  for (let n = 0; n < 5; n += 1) {
    feed.silence(60_000);
    feed.watch.healed(feed.now);
    feed.feed([3000, ...times(10, 1200)]);
  }
  t.is(feed.watch.cadence.limits()?.stalled, 9600);
  for (let n = 0; n < 3; n += 1) {
    feed.silence(10_000);
    feed.watch.healed(feed.now);
    feed.feed([50_000, ...times(10, 1200)]);
  }
  t.true((feed.watch.cadence.limits()?.stalled ?? 0) > 60_000);
});

const HOURS_OF_FEED = 24;

const feeds: Record<string, (random: () => number) => number> = {
  'jittered, with a rare late message': (random) =>
    random() < 1e-4 ? 1200 + 5000 * random() : 1200 + 60 * (random() - 0.5),
  'quantised to seconds': (random) => (random() < 0.2 ? 2000 : 1000),
  'bimodal, 1 s and 5 s': (random) => (random() < 0.9 ? 1000 : 5000),
  'bimodal the other way, 1 s and 10 s': (random) => (random() < 0.1 ? 1000 : 10_000),
  'heavy-tailed': (random) => 800 + 400 * (1 - random()) ** -0.2,
  'in bursts': (random) => (random() < 0.95 ? 100 + 50 * random() : 4000),
};

for (const [name, gap] of Object.entries(feeds))
  test(`a day of a healthy feed without a conviction: ${name}`, (t) => {
    const random = randomOf(7);
    const feed = watched();
    let states = new Set<State>();
    while (feed.now < HOURS_OF_FEED * 3_600_000) states = states.union(feed.feed([gap(random)]));
    t.false(states.has('stalled'));
    t.true(states.has('healthy'));
    t.true(feed.silence(90_000).includes('stalled'), 'and yet a real stall is one');
  });

test('a year of a minute’s cadence, and two weeks of 1.2 s with jitter, without a conviction', (t) => {
  t.timeout(110_000);
  const random = randomOf(1);
  for (const [cadence, messages] of [
    [60_000, 525_600],
    [1200, 1_000_000],
  ] as const) {
    const feed = watched();
    const gaps = function* () {
      // One message in ten thousand is up to four times late; the others jitter by a tenth.
      for (let n = 0; n < messages; n += 1)
        yield cadence * (random() < 1e-4 ? 1 + 3 * random() : 0.95 + 0.1 * random());
    };
    t.false(feed.feed(gaps()).has('stalled'), `${cadence} ms`);
  }
});
