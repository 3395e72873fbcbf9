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
  readonly #gaps: number[];
  /** The same, ascending: a year of messages must not be sorted one by one. */
  readonly #sorted: number[];
  #learned: number;
  /** The largest gaps of the last 24 h, the largest first; a later one that is larger pushes out the earlier. */
  readonly #peaks: { gap: number; at: number }[] = [];
  #limits: Limits | undefined;

  /** @param gaps what an earlier process learned, from `window()`; taken as of the start of this one's clock. */
  constructor(gaps: number[] = []) {
    this.#gaps = gaps.slice(-LONG_WINDOW);
    this.#sorted = this.#gaps.toSorted((a, b) => a - b);
    this.#learned = this.#gaps.reduce((sum, gap) => sum + gap, 0);
    if (this.#gaps.length > 0) this.#peaks.push({ gap: Math.max(...this.#gaps), at: 0 });
  }

  /** @param gap and `at` in ms, of a monotonic clock. */
  learn(gap: number, at: number): void {
    this.#gaps.push(gap);
    this.#sorted.splice(placeOf(gap, this.#sorted), 0, gap);
    const oldest = this.#gaps.length > LONG_WINDOW ? this.#gaps.shift() : undefined;
    if (oldest !== undefined) this.#sorted.splice(placeOf(oldest, this.#sorted), 1);
    this.#learned += gap;
    while ((this.#peaks.at(-1)?.gap ?? Number.POSITIVE_INFINITY) <= gap) this.#peaks.pop();
    this.#peaks.push({ gap, at });
    while (at - (this.#peaks[0]?.at ?? at) > DAY) this.#peaks.shift();
    this.#limits = undefined;
  }

  /** Undefined while too little was seen to judge by. */
  limits(): Limits | undefined {
    if (this.#gaps.length < ENOUGH_GAPS || this.#learned < ENOUGH_TIME) return undefined;
    this.#limits ??= this.#compute();
    return this.#limits;
  }

  /** The gaps to learn from again after a restart. */
  window(): number[] {
    return [...this.#gaps];
  }

  /** The starting values of the design; each is there to be beaten by a benchmark, not by taste. */
  #compute(): Limits {
    const long = middle(this.#sorted);
    const recent = this.#gaps.slice(-SHORT_WINDOW).sort((a, b) => a - b);
    const usual = Math.max(long, middle(recent));
    const deviation = middleDistance(this.#sorted, long);
    const largest = this.#peaks[0]?.gap ?? 0;
    const cap = Math.max(60_000, 20 * usual);
    const suspect = Math.max(3000, 4 * usual, usual + 8 * MAD_TO_SIGMA * deviation);
    const stalled = Math.max(5000, 8 * usual, 1.5 * largest);
    return { median: usual, suspect: Math.min(suspect, stalled, cap), stalled: Math.min(stalled, cap) };
  }
}

/** Where the value is in ascending numbers, or where it would be. */
function placeOf(value: number, sorted: number[]): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const between = (low + high) >> 1;
    if ((sorted[between] ?? 0) < value) low = between + 1;
    else high = between;
  }
  return low;
}

function middle(sorted: number[]): number {
  return sorted[sorted.length >> 1] ?? 0;
}

/** The median of the distances to `centre`: what is left when the farther half has been taken off the ends. */
function middleDistance(sorted: number[], centre: number): number {
  let [low, high] = [0, sorted.length - 1];
  const distances = () => [centre - (sorted[low] ?? centre), (sorted[high] ?? centre) - centre] as const;
  for (let extra = high - (sorted.length >> 1); extra > 0; extra -= 1) {
    const [below, above] = distances();
    if (below > above) low += 1;
    else high -= 1;
  }
  return Math.max(...distances());
}
