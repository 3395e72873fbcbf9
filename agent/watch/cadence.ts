/** Milliseconds of silence and what they mean on one topic. */
export interface Limits {
  /** The usual gap between two messages. */
  median: number;
  suspect: number;
  stalled: number;
}

const LONG_WINDOW = 1000;
const SHORT_WINDOW = 20;
const ENOUGH_GAPS = 30;
const ENOUGH_TIME = 60_000;
const DAY = 86_400_000;
/** Scales a median absolute deviation to a standard deviation, were the gaps normal. */
const MAD_TO_SIGMA = 1.48;

/**
 * Learns how often messages come, from benign gaps only: the caller leaves out those of outages and
 * restarts. Two windows: the long one knows the rare late message, the short one a change of pace, and
 * the slower of the two is believed, so that a feed may slow down without being convicted.
 */
export class Cadence {
  #gaps: number[];
  #learned: number;
  /** The largest gaps of the last 24 h, the largest first; a later one that is larger pushes out the earlier. */
  #peaks: { gap: number; at: number }[] = [];
  #limits: Limits | undefined;

  /** @param gaps what an earlier process learned, from `window()`. */
  constructor(gaps: number[] = []) {
    this.#gaps = gaps.slice(-LONG_WINDOW);
    this.#learned = gaps.length > ENOUGH_GAPS ? Number.POSITIVE_INFINITY : 0;
  }

  /** @param gap and `at` in ms, of a monotonic clock. */
  learn(gap: number, at: number): void {
    this.#gaps.push(gap);
    if (this.#gaps.length > LONG_WINDOW) this.#gaps.shift();
    this.#learned += gap;
    while ((this.#peaks.at(-1)?.gap ?? Number.POSITIVE_INFINITY) <= gap) this.#peaks.pop();
    this.#peaks.push({ gap, at });
    while (at - (this.#peaks[0]?.at ?? at) > DAY) this.#peaks.shift();
    this.#limits = undefined;
  }

  /** Undefined while too little was seen to judge by. */
  limits(): Limits | undefined {
    if (this.#gaps.length < ENOUGH_GAPS || this.#learned < ENOUGH_TIME) return undefined;
    this.#limits ??= computeLimits(this.#gaps, this.#peaks[0]?.gap ?? 0);
    return this.#limits;
  }

  /** The gaps to learn from again after a restart. */
  window(): number[] {
    return [...this.#gaps];
  }
}

/** The starting values of the design; each is there to be beaten by a benchmark, not by taste. */
export function computeLimits(gaps: number[], largest: number): Limits {
  const long = median(gaps);
  const usual = Math.max(long, median(gaps.slice(-SHORT_WINDOW)));
  const deviation = median(gaps.map((gap) => Math.abs(gap - long)));
  const cap = Math.max(60_000, 20 * usual);
  const suspect = Math.max(3000, 4 * usual, usual + 8 * MAD_TO_SIGMA * deviation);
  const stalled = Math.max(5000, 8 * usual, 1.5 * largest);
  return { median: usual, suspect: Math.min(suspect, stalled, cap), stalled: Math.min(stalled, cap) };
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
