import test from 'ava';
import { akka, bertier, cassandra, chen, type Detector, firstDraft, fixed, wattdog } from './detectors.ts';
import { Random } from './random.ts';

/** What the detector allows after the gaps. */
function limitAfter(detector: Detector | undefined, gaps: number[]): number {
  let at = 0;
  for (const gap of gaps) {
    at += gap;
    detector?.heard(gap, at, undefined);
  }
  return detector?.limit() ?? Number.NaN;
}

const regular = Array<number>(5000).fill(10_000);
/** Gaps of 10 s on average, with a standard deviation of 1 s. */
const random = new Random(1);
const noisy = Array.from({ length: 5000 }, () => 10_000 + 1000 * random.normal());

test('nobody judges before 30 gaps and 60 s', (t) => {
  for (const make of [wattdog, firstDraft, () => fixed(3)[0], akka, cassandra, chen, bertier]) {
    t.is(limitAfter(make(), Array<number>(29).fill(10_000)), Number.POSITIVE_INFINITY);
    t.is(limitAfter(make(), Array<number>(59).fill(1000)), Number.POSITIVE_INFINITY);
    t.true(limitAfter(make(), Array<number>(60).fill(1000)) < 20_000);
  }
});

test('after a regular feed each allows what its formula says', (t) => {
  const near = (value: number, expected: number) =>
    t.true(Math.abs(value / expected - 1) < 0.005, `${value}`);
  t.deepEqual(
    fixed(3, 5, 10).map((detector, _n, [first]) => {
      if (detector === first) limitAfter(first, regular);
      else limitAfter(detector, regular.slice(0, 30));
      return detector.limit();
    }),
    [30_000, 50_000, 100_000],
    'one window for all',
  );
  near(limitAfter(wattdog(), regular), 80_000);
  near(limitAfter(firstDraft(), regular), 80_000);
  near(limitAfter(cassandra(), regular), 18.42 * 10_000);
  near(limitAfter(akka(), regular), 10_000 + 3000 + 5.22 * 100);
  near(limitAfter(akka(), noisy), 10_000 + 3000 + 5.22 * 1000);
  near(limitAfter(chen(), regular), 80_000);
  near(limitAfter(bertier(), regular), 10_000);
});

test('Akka does not learn what it suspected, Cassandra does', (t) => {
  const late = (detector: Detector) => {
    const before = limitAfter(detector, regular);
    detector.heard(1_000_000, 0, 0);
    return detector.limit() / before;
  };
  t.is(late(akka()), 1);
  t.true(late(cassandra()) > 1.05);
});
