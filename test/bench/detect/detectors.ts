/** The field's failure detectors, from their papers and sources, and ours, behind one face. */
import { Cadence, TUNED } from '../../../agent/watch/cadence.ts';
import { SlidingWindow } from '../../../agent/watch/window.ts';

/** Times in ms. */
export interface Detector {
  /** Of silence that convict; infinite while it is learning. */
  limit(): number;
  /** Of silence that are worth a look, where it knows such a thing. */
  suspect?(): number;
  /** It does not know when the observer itself stood still. */
  blamesPauses?: boolean;
  /**
   * A message came.
   * @param sinceTry since the last restart that this silence brought about, if it did.
   */
  heard(gap: number, at: number, sinceTry: number | undefined): void;
}

/** What was seen of a feed before anybody judges it: the same for all. */
const ENOUGH_GAPS = 30;
const ENOUGH_TIME = 60_000;
const SAMPLES = 1000;

/** Ours; which gaps are learned is `Silence`’s business in agent/watch/. */
export function wattdog(tuning = TUNED, learns: Learns = unlessCured()): Detector {
  const cadence = new Cadence([], tuning);
  const limit = () => cadence.limits()?.stalled ?? Number.POSITIVE_INFINITY;
  return {
    limit,
    suspect: () => cadence.limits()?.suspect ?? Number.POSITIVE_INFINITY,
    heard: (gap, at, sinceTry) => {
      if (learns(gap, limit(), sinceTry)) cadence.learn(gap, at);
    },
  };
}

type Learns = (gap: number, limit: number, sinceTry: number | undefined) => boolean;

/** A silence that outlasts a restart was not the target's fault: it may be its habit. */
export function unlessCured(): Learns {
  return (_gap, limit, sinceTry) => sinceTry === undefined || sinceTry > Math.max(30_000, limit);
}

/** One gap that could convict is an outage, a second in a row is a new pace; none that was healed is learned. */
export function unlessSingle(): Learns {
  let wasLong = false;
  return (gap, limit, sinceTry) => {
    const isLong = gap >= limit;
    const learns = sinceTry === undefined && (!isLong || wasLong);
    wasLong = isLong && sinceTry === undefined;
    return learns;
  };
}

/** Holds back whoever would judge by too little. */
function patient(limit: () => number, learn: Detector['heard']): Detector {
  let gaps = 0;
  let time = 0;
  return {
    limit: () => (gaps < ENOUGH_GAPS || time < ENOUGH_TIME ? Number.POSITIVE_INFINITY : limit()),
    heard: (gap, at, sinceTry) => {
      learn(gap, at, sinceTry);
      gaps += 1;
      time += gap;
    },
  };
}

/** So many medians of the last 1000 gaps, which they all count together. */
export function fixed(...multiples: number[]): Detector[] {
  const window = new SlidingWindow(SAMPLES);
  return multiples.map((times, n) =>
    patient(
      () => times * window.median,
      (gap) => {
        if (n === 0) window.add(gap);
      },
    ),
  );
}

/** Where Akka’s approximation of the normal distribution reaches φ = 8, in standard deviations. */
const AKKA_PHI_8 = (() => {
  const phi = (y: number) => -Math.log10(1 - 1 / (1 + Math.exp(-y * (1.5976 + 0.070566 * y * y))));
  let y = 5;
  while (phi(y) < 8 && y < 6) y += 1e-3;
  return y;
})();

/**
 * Hayashibara et al. 2004, as in Akka: normal model, φ 8, 1000 samples, σ at least 100 ms, a pause of 3 s
 * accepted; a gap that was suspected is not learned.
 */
export function akka(): Detector {
  const moments = new Moments();
  return patient(
    () => moments.mean + 3000 + AKKA_PHI_8 * Math.max(100, moments.deviation),
    (gap, _at, sinceTry) => {
      if (sinceTry === undefined) moments.add(gap);
    },
  );
}

/**
 * As in Cassandra: exponential model, φ 8, 1000 samples. Its ceiling of 2 s for what is learned belongs to
 * gossip once a second and is left out.
 */
export function cassandra(): Detector {
  const moments = new Moments();
  return patient(
    () => 8 * Math.LN10 * moments.mean,
    (gap) => moments.add(gap),
  );
}

/**
 * Chen, Toueg and Aguilera 2002 (NFD-E, 1000 samples): the expected arrival and a constant margin. Nothing
 * numbers the messages here: the period is the mean gap. The margin is 7 medians of the first gaps, which
 * gives it the same detection time as a limit of 8.
 */
export function chen(): Detector {
  const arrivals = new Arrivals();
  const first: number[] = [];
  let margin = 0;
  return patient(
    () => Math.max(0, arrivals.expected + margin),
    (gap) => {
      arrivals.add(gap);
      if (first.length === ENOUGH_GAPS) return;
      first.push(gap);
      margin = 7 * (first.toSorted((a, b) => a - b)[first.length >> 1] ?? 0);
    },
  );
}

/** Bertier, Marin and Sens 2002: Chen’s expected arrival and Jacobson’s margin (γ 0.1, β 1, φ 4). */
export function bertier(): Detector {
  const arrivals = new Arrivals();
  let delay = 0;
  let deviation = 0;
  return patient(
    () => Math.max(0, arrivals.expected + delay + 4 * deviation),
    (gap) => {
      const error = gap - arrivals.expected - delay;
      delay += 0.1 * error;
      deviation += 0.1 * (Math.abs(error) - deviation);
      arrivals.add(gap);
    },
  );
}

/**
 * Where this project began: windows of 1000 and 20, 8 medians or 1.5 times the largest gap of 24 h, capped
 * at 1 min or 20 medians; suspicion by the median absolute deviation.
 */
export function firstDraft({ withDeviation = true } = {}): Detector {
  const long = new SlidingWindow(SAMPLES);
  const short = new SlidingWindow(20);
  const peaks: { gap: number; at: number }[] = [];
  const usual = () => Math.max(long.median, short.median);
  const limit = () => {
    const cap = Math.max(60_000, 20 * usual());
    return Math.min(cap, Math.max(5000, 8 * usual(), 1.5 * (peaks[0]?.gap ?? 0)));
  };
  let stale = 0;
  let spread = 0;
  const deviation = () => {
    // Once in a thousand gaps, for it costs more than all the rest.
    if (stale-- > 0) return spread;
    stale = SAMPLES;
    const distances = long.values().map((gap) => Math.abs(gap - long.median));
    spread = distances.sort((a, b) => a - b)[distances.length >> 1] ?? 0;
    return spread;
  };
  const learns = unlessSingle();
  const judged = patient(limit, (gap, at, sinceTry) => {
    if (!learns(gap, limit(), sinceTry)) return;
    long.add(gap);
    short.add(gap);
    while ((peaks.at(-1)?.gap ?? Number.POSITIVE_INFINITY) <= gap) peaks.pop();
    peaks.push({ gap, at });
    while (at - (peaks[0]?.at ?? at) > 86_400_000) peaks.shift();
  });
  const margin = () => (withDeviation ? usual() + 8 * 1.48 * deviation() : 0);
  return { ...judged, suspect: () => Math.min(limit(), Math.max(3000, 4 * usual(), margin())) };
}

/** Mean and standard deviation of the last 1000 gaps. */
class Moments {
  readonly #ring = new Float64Array(SAMPLES);
  #count = 0;
  #next = 0;
  #sum = 0;
  #squares = 0;

  get mean(): number {
    return this.#sum / this.#count;
  }

  get deviation(): number {
    return Math.sqrt(Math.max(0, this.#squares / this.#count - this.mean ** 2));
  }

  add(gap: number): void {
    const oldest = this.#ring[this.#next] ?? 0;
    this.#ring[this.#next] = gap;
    this.#next = (this.#next + 1) % SAMPLES;
    this.#count = Math.min(SAMPLES, this.#count + 1);
    this.#sum += gap - oldest;
    this.#squares += gap * gap - oldest * oldest;
    if (this.#next > 0) return;
    // The errors of rounding must not add up.
    this.#sum = this.#ring.reduce((sum, value) => sum + value, 0);
    this.#squares = this.#ring.reduce((sum, value) => sum + value * value, 0);
  }
}

/** Chen’s estimate of when the next message is due, in ms after the last one. */
class Arrivals {
  readonly #ring = new Float64Array(SAMPLES);
  #count = 1;
  #next = 0;
  /** From the oldest to the last arrival, and the sum of the distances of all from the last. */
  #span = 0;
  #distances = 0;
  #expected = 0;

  get expected(): number {
    return this.#expected;
  }

  add(gap: number): void {
    this.#distances += this.#count * gap;
    this.#span += gap;
    if (this.#count === SAMPLES) {
      this.#distances -= this.#span;
      this.#span -= this.#ring[(this.#next + 1) % SAMPLES] ?? 0;
    } else this.#count += 1;
    this.#ring[this.#next] = gap;
    this.#next = (this.#next + 1) % SAMPLES;
    const pace = this.#span / (this.#count - 1);
    this.#expected = (pace * (this.#count + 1)) / 2 - this.#distances / this.#count;
  }
}
