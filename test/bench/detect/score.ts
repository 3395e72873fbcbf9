/** How soon a detector convicts the dead, and how often the living. */
import type { Detector } from './detectors.ts';
import { Random } from './random.ts';
import { DAY, type Feed, type Step } from './traces.ts';

/** What agent/watch/ and the ladder do about a conviction; ms. */
const GRACE = 30_000;
const PROOF = 3;
const TRIES = [0, 10_000, 40_000, 160_000, 760_000];
const LAST_TRIES = 1_800_000;
/** From a restart to the first message. */
const START = 5000;
export const YEAR = 365 * DAY;

export interface Score {
  years: number;
  /** Benign silences that were convicted: each would have been a restart of something healthy. */
  mistakes: number;
  /** Of which in the first week. */
  early: number;
  /** ms between a wrong conviction and the next message. */
  mistaken: number;
  /** Benign silences that were suspected. */
  suspicions: number;
  /** ms from death to conviction; infinite where it was still learning. */
  detections: number[];
  /** The median gap of the feed, ms. */
  median: number;
  /** The gap in which the middle of its time falls: of a feed in bursts the pause, of a regular one the median. */
  pause: number;
}

export interface Options {
  years: number;
  seed: number;
  /** Deaths that are tried, on average. */
  deaths: number;
}

/** Runs all detectors over one feed. A death is looked at, but does not happen: the feed goes on for the others. */
export function score(feed: Feed, detectors: Detector[], options: Options): Score[] {
  const { years, deaths } = options;
  const random = new Random(options.seed);
  const judges = detectors.map((detector) => new Judge(detector));
  const end = years * YEAR;
  const step: Step = { gap: 0, stood: 0, stoodUntil: 0, outage: 'none' };
  const sample: number[] = [];
  let death = random.exponential(end / deaths);
  let at = 0;
  for (let count = 0; at < end; count += 1) {
    step.stood = step.stoodUntil = 0;
    step.outage = 'none';
    feed(step, at);
    const died: number[] = [];
    while (death < at + step.gap) {
      if (step.stood === 0 && step.outage === 'none') died.push(death - at);
      death += random.exponential(end / deaths);
    }
    for (const judge of judges) judge.judge(step, at, died);
    at += step.gap;
    if (count % 97 === 0) sample.push(step.gap);
  }
  const sorted = Float64Array.from(sample).sort();
  const median = sorted[sorted.length >> 1] ?? 0;
  const half = sorted.reduce((sum, gap) => sum + gap, 0) / 2;
  let before = 0;
  const pause = sorted.find((gap) => {
    before += gap;
    return before > half;
  });
  return judges.map((judge) => ({ ...judge.score, years, median, pause: pause ?? 0 }));
}

/** One detector, behind the gates that are not its own: holds, grace after a restart, proof by fresh messages. */
class Judge {
  readonly #detector: Detector;
  #heldUntil = 0;
  #healedAt = Number.NEGATIVE_INFINITY;
  #fresh = PROOF;
  readonly score = { mistakes: 0, early: 0, mistaken: 0, suspicions: 0, detections: [] as number[] };

  constructor(detector: Detector) {
    this.#detector = detector;
  }

  /** @param died ms into the step at which it might have died. */
  judge(step: Step, at: number, died: number[]): void {
    const limit = this.#detector.limit();
    const convicts = this.#convicts(step, at, limit);
    for (const death of died) this.score.detections.push(Math.max(0, convicts - death));
    const isExcused = step.stood > 0 && !this.#detector.blamesPauses;
    if (!isExcused && step.outage === 'none' && step.gap >= (this.#detector.suspect?.() ?? limit))
      this.score.suspicions += 1;
    if (this.#fresh < PROOF) this.#fresh += 1;
    let heard = step.gap;
    let sinceTry: number | undefined;
    if (step.gap >= convicts) {
      if (step.outage === 'none') {
        this.score.mistakes += 1;
        if (at < 7 * DAY) this.score.early += 1;
        this.score.mistaken += step.gap - convicts;
      }
      if (step.outage === 'cured by a restart') heard = Math.min(heard, convicts + START);
      const tried = lastTry(heard - convicts);
      this.#healedAt = at + convicts + tried;
      this.#fresh = 1;
      sinceTry = heard - convicts - tried;
    }
    if (!isExcused) this.#detector.heard(heard, at + step.gap, sinceTry);
  }

  /** When silence that begins now convicts, ms from now. */
  #convicts(step: Step, at: number, limit: number): number {
    const grace = Math.max(GRACE, limit);
    const recovered = this.#fresh < PROOF ? this.#healedAt + grace : 0;
    const convicts = Math.max(limit, recovered - at, this.#heldUntil - at);
    const isExcused = step.stood > 0 && !this.#detector.blamesPauses;
    if (!isExcused || convicts < step.stoodUntil - step.stood) return convicts;
    this.#heldUntil = at + step.stoodUntil + grace;
    return this.#heldUntil - at;
  }
}

/** The last restart within the silence that follows a conviction, in ms after it. */
function lastTry(silence: number): number {
  const last = TRIES.at(-1) ?? 0;
  if (silence >= last + LAST_TRIES) return silence - ((silence - last) % LAST_TRIES);
  return TRIES.findLast((tried) => tried <= silence) ?? 0;
}

/** What all of several scores come to. */
export interface Summary {
  years: number;
  mistakes: number;
  /** A year. */
  rate: number;
  /** A year, at most, at 95 %. */
  bound: number;
  early: number;
  suspicionRate: number;
  /** Detection time in median gaps and in ms; p50, p95 and the worst of those that were not missed. */
  inMedians: readonly number[];
  inPauses: readonly number[];
  inMs: readonly number[];
  /** Share of deaths that came while it was still learning. */
  missed: number;
  /** Query accuracy probability: the share of time in which the living were not convicted. */
  accuracy: number;
}

export function summarise(scores: Score[]): Summary {
  const sum = (value: (score: Score) => number) => scores.reduce((total, score) => total + value(score), 0);
  const years = sum((score) => score.years);
  const mistakes = sum((score) => score.mistakes);
  const detected = scores.map((score) => score.detections.filter(Number.isFinite));
  const deaths = sum((score) => score.detections.length);
  const inMs = detected.flat();
  const inUnits = (unit: 'median' | 'pause') =>
    spread(detected.flatMap((times, n) => times.map((time) => time / (scores[n]?.[unit] || 1))));
  return {
    years,
    mistakes,
    rate: mistakes / years,
    bound: poissonBound(mistakes) / years,
    early: sum((score) => score.early),
    suspicionRate: sum((score) => score.suspicions) / years,
    inMedians: inUnits('median'),
    inPauses: inUnits('pause'),
    inMs: spread(inMs),
    missed: 1 - inMs.length / deaths,
    accuracy: 1 - sum((score) => score.mistaken) / (years * YEAR),
  };
}

function spread(values: number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
  return [at(0.5), at(0.95), at(1)];
}

/**
 * The mean of which so few events, or fewer, come in 5 % of all cases only (Garwood 1936, one-sided): 3.0 for
 * none. Above 500 events by Byar’s approximation, which is right to a thousandth there.
 */
export function poissonBound(events: number): number {
  const n = events + 1;
  if (events > 500) return n * (1 - 1 / (9 * n) + 1.6449 / (3 * Math.sqrt(n))) ** 3;
  let [low, high] = [0, 2 * events + 10];
  while (high - low > 1e-6) {
    const mean = (low + high) / 2;
    let term = Math.exp(-mean);
    let share = term;
    for (let k = 1; k <= events; k += 1) {
      term *= mean / k;
      share += term;
    }
    if (share > 0.05) low = mean;
    else high = mean;
  }
  return (low + high) / 2;
}
