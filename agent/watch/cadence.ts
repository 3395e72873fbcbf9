import { SlidingWindow } from './window.ts';

/** Milliseconds of silence and what they mean on one topic. */
export interface Limits {
  /** The usual gap between two messages. */
  median: number;
  suspect: number;
  stalled: number;
}

/** What `npm run bench:detect` has settled; it tries others, too. */
export const TUNED = {
  /** Gaps in the long window and in the short one. */
  long: 1000,
  short: 20,
  /** Usual gaps that may pass: so a feed three times as slow may lose a message besides. */
  patience: 8,
  /** The same for the gap that a random moment falls into: the pause of a feed that comes in bursts. */
  pauses: 4,
  /** So many large gaps make a habit; fewer are accidents. */
  habit: 3,
  /** How many times the habit a silence must last, at least and at most. */
  least: 1.6,
  most: 6,
  /** The large gaps that show how the tail falls off, and for how many powers of ten it is prolonged. */
  tail: 30,
  reach: 1.75,
  /** ms for which, at least, large gaps are remembered; twice as long at most. */
  memory: 30 * 86_400_000,
  /** To be judged, a feed must have been seen for so many of its largest gaps. */
  seen: 8,
};

const ENOUGH_GAPS = 30;
const ENOUGH_TIME = 60_000;
const LEAST_SUSPECT = 3000;
const LEAST_STALLED = 5000;

/**
 * Learns how often messages come, from benign gaps only: the caller leaves out those that a restart ended.
 * Silence convicts when it is far beyond the usual gap and far beyond the large ones of the last month.
 */
export class Cadence {
  readonly #tuning: typeof TUNED;
  readonly #long: SlidingWindow;
  readonly #short: SlidingWindow;
  readonly #peaks: Peaks;
  #gaps = 0;
  #learned = 0;
  #limits: Limits | undefined;

  /** @param gaps what an earlier process learned, from `window()`; taken as of the start of this one's clock. */
  constructor(gaps: number[] = [], tuning = TUNED) {
    this.#tuning = tuning;
    this.#long = new SlidingWindow(tuning.long);
    this.#short = new SlidingWindow(tuning.short);
    this.#peaks = new Peaks(tuning.tail, tuning.memory);
    for (const gap of gaps) this.learn(gap, 0);
  }

  /** @param gap and `at` in ms, of a monotonic clock. */
  learn(gap: number, at: number): void {
    this.#long.add(gap);
    this.#short.add(gap);
    this.#peaks.add(gap, at);
    this.#gaps += 1;
    this.#learned += gap;
    this.#limits = undefined;
  }

  /** Undefined while too little was seen to judge by. */
  limits(): Limits | undefined {
    const enough = Math.max(ENOUGH_TIME, this.#tuning.seen * this.#long.largest);
    if (this.#gaps < ENOUGH_GAPS || this.#learned < enough) return undefined;
    this.#limits ??= this.#compute();
    return this.#limits;
  }

  /** The gaps to learn from again after a restart: the large ones that are remembered, then the latest. */
  window(): number[] {
    const latest = this.#long.values();
    const rest = latest.toSorted((a, b) => b - a);
    const older = this.#peaks.ranked().filter((peak) => {
      const found = rest.indexOf(peak);
      if (found >= 0) rest.splice(found, 1);
      return found < 0;
    });
    return [...older, ...latest];
  }

  #compute(): Limits {
    const { patience, pauses, habit, least } = this.#tuning;
    const median = Math.max(this.#long.median, this.#short.median);
    const usual = Math.max(patience * median, pauses * this.#long.timeMedian(habit - 1), LEAST_STALLED);
    const large = this.#peaks.ranked()[habit - 1] ?? 0;
    const stalled = usual >= least * large ? usual : large * this.#factor(large);
    return { median, suspect: Math.max(LEAST_SUSPECT, stalled / 2, large), stalled };
  }

  /**
   * By how much a gap that comes once in years exceeds the habit. In a power law’s tail what is ten times
   * rarer than the third largest stands above it as that stands above the thirtieth, and so on in powers.
   */
  #factor(large: number): number {
    const { least, most, reach } = this.#tuning;
    const spread = large / Math.max(1, this.#peaks.ranked().at(-1) ?? 0);
    return Math.min(most, Math.max(least, spread ** reach));
  }
}

/** The largest gaps of this period of memory and of the one before, so that none is forgotten too soon. */
class Peaks {
  readonly #count: number;
  readonly #period: number;
  #current: number[] = [];
  #previous: number[] = [];
  #since: number | undefined;
  #ranked: number[] | undefined;

  constructor(count: number, period: number) {
    this.#count = count;
    this.#period = period;
  }

  add(gap: number, at: number): void {
    this.#since ??= at;
    if (at - this.#since >= this.#period) {
      this.#previous = this.#current;
      this.#current = [];
      this.#since = at;
    } else if (this.#current.length === this.#count && gap <= (this.#current.at(-1) ?? 0)) return;
    const place = this.#current.findIndex((peak) => peak < gap);
    this.#current.splice(place < 0 ? this.#current.length : place, 0, gap);
    this.#current.length = Math.min(this.#current.length, this.#count);
    this.#ranked = undefined;
  }

  /** The largest first. */
  ranked(): readonly number[] {
    this.#ranked ??= [...this.#previous, ...this.#current].sort((a, b) => b - a).slice(0, this.#count);
    return this.#ranked;
  }
}
