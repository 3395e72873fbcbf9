import test from 'ava';
import type { Detector } from './detectors.ts';
import { Random } from './random.ts';
import { poissonBound, score, summarise } from './score.ts';
import { CLASSES, DAY, type Feed, OUR_CADENCE, type Step } from './traces.ts';

const SECOND = 1000;
/** Convicts after 50 s of silence and learns nothing. */
const fiftySeconds = (more: Partial<Detector> = {}): Detector => ({
  limit: () => 50 * SECOND,
  heard: () => {},
  ...more,
});

function scored(feed: Feed, detector = fiftySeconds(), deaths = 0) {
  return summarise(score(feed, [detector], { years: 10 / 365, seed: 1, deaths }));
}

/** A message each 10 s, and every day at noon something else. */
const daily =
  (noon: (step: Step) => void): Feed =>
  (step, at) => {
    step.gap = 10 * SECOND;
    const hour = (at % DAY) / (DAY / 24);
    if (hour >= 12 && hour < 12 + 10 / 3600) noon(step);
  };

const silent = (seconds: number) => (step: Step) => {
  step.gap = seconds * SECOND;
};

test('95 % bounds of Poisson counts are Garwood’s', (t) => {
  const near = (value: number, expected: number) => t.true(Math.abs(value / expected - 1) < 1e-3, `${value}`);
  near(poissonBound(0), 2.9957);
  near(poissonBound(1), 4.7439);
  near(poissonBound(10), 16.9622);
  near(poissonBound(500), 538.41);
  near(poissonBound(501), 539.45);
});

test('a death is convicted the limit after the last message, wherever in the gap it comes', (t) => {
  const { inMs, inMedians, missed, mistakes } = scored(
    daily(() => {}),
    fiftySeconds(),
    5000,
  );
  t.is(mistakes, 0);
  t.is(missed, 0);
  const [p50 = 0, p95 = 0, worst = 0] = inMs;
  t.true(Math.abs(p50 - 45_000) < 500 && Math.abs(p95 - 49_500) < 200 && worst <= 50_000, `${inMs}`);
  t.is(inMedians[2], worst / 10_000);
});

test('a benign silence that is convicted is a mistake, a real outage is none', (t) => {
  const benign = scored(daily(silent(60)));
  t.is(benign.mistakes, 10);
  t.is(benign.early, 7);
  t.true(Math.abs(benign.rate - 365) < 1e-9);
  t.true(Math.abs((1 - benign.accuracy) * DAY - 10 * SECOND) < 1, 'for 10 s each day');
  const outage = daily((step) => {
    step.gap = 60 * SECOND;
    step.outage = 'ends by itself';
  });
  t.is(scored(outage).mistakes, 0);
});

test('our own pause is excused, unless nobody knows of it', (t) => {
  const pause = daily((step) =>
    Object.assign(step, { gap: 3600_000, stood: 3595_000, stoodUntil: 3598_000 }),
  );
  t.is(scored(pause).mistakes, 0);
  t.is(scored(pause, fiftySeconds({ blamesPauses: true })).mistakes, 10);
});

test('it is told how long after the last restart a message came', (t) => {
  const told: (number | undefined)[] = [];
  const heard = (_gap: number, _at: number, sinceTry: number | undefined) => void told.push(sinceTry);
  scored(daily(silent(100)), fiftySeconds({ heard }));
  t.deepEqual(new Set(told), new Set([undefined, 10 * SECOND]), 'restarts at 50, 60 and 90 s');
});

test('a cure ends an outage', (t) => {
  const gaps = new Set<number>();
  const cured = daily((step) => {
    step.gap = 3600_000;
    step.outage = 'cured by a restart';
  });
  scored(cured, fiftySeconds({ heard: (gap) => void gaps.add(gap) }));
  t.deepEqual(gaps, new Set([10 * SECOND, 55 * SECOND]));
});

for (const { name, make } of [...CLASSES, ...OUR_CADENCE])
  test(`a feed is repeated by its seed, and differs by it: ${name}`, (t) => {
    const gapsOf = (seed: number) => {
      const feed = make(new Random(seed));
      const step: Step = { gap: 0, stood: 0, stoodUntil: 0, outage: 'none' };
      let at = 0;
      return Array.from({ length: 3000 }, () => {
        step.stood = step.stoodUntil = 0;
        feed(step, at);
        at += step.gap;
        return step.gap;
      });
    };
    const gaps = gapsOf(7);
    t.true(gaps.every((gap) => gap > 0 && Number.isFinite(gap)));
    t.deepEqual(gapsOf(7), gaps);
    t.notDeepEqual(gapsOf(8), gaps);
  });
