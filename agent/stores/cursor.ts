import { type Span, Spans } from './spans.ts';

/** How long an acknowledged reading stays doubtful; VictoriaMetrics loses up to 8 s of them on kill -9. */
const SETTLE_MS = 60_000;

/** Of the settling time: acknowledgements this close together settle as one, and cost one write to the disk. */
const GRAIN = 1 / 6;

/** Beyond these, none is opened: what is kept stays small, whatever the store does. */
const MOST_HOLES = 100;

/**
 * Which entries a store has been given, and which come next: the newest, so that nobody waits behind a
 * backlog, and in turn with them the oldest, so that the backlog goes.
 *
 * An acknowledgement is not durability: what was acknowledged counts as *settled* only when it has aged, and
 * until then a store that may have restarted is given it again.
 * Times are milliseconds of any clock that never steps back.
 */
export class Cursor {
  readonly #settleMs: number;
  readonly #settled: Spans;
  #acknowledged: Spans;
  /** Acknowledged and not yet settled, by the moment before which it all was. Ascending. */
  #grains: { closes: number; spans: Spans }[] = [];
  #newestWasLast = false;

  /** @param settled all up to this entry has settled. */
  constructor(settled: number, settleMs = SETTLE_MS) {
    this.#settleMs = settleMs;
    this.#settled = new Spans([{ after: -1, upTo: settled }]);
    this.#acknowledged = new Spans(this.#settled);
  }

  /** The entry up to which nothing need ever be sent again. */
  get settled(): number {
    const [lowest] = this.#settled;
    return lowest?.upTo ?? 0;
  }

  /** The newest entry that was acknowledged. */
  get newest(): number {
    return this.#acknowledged.top;
  }

  /** How many entries have been acknowledged and have not settled. */
  get doubtful(): number {
    return this.#grains.reduce((sum, { spans }) => sum + spans.size, 0);
  }

  /** How many up to entry `last` have not been acknowledged. */
  missing(last: number): number {
    return this.#acknowledged.holes(last).reduce((sum, { after, upTo }) => sum + upTo - after, 0);
  }

  /**
   * What to send next, from its lower end: the newest entries, at most `most` of them, or a part of the backlog.
   * @param last the newest entry there is.
   */
  next(last: number, most: number): Span | undefined {
    const holes = this.#acknowledged.holes(last);
    const newest = holes.at(-1);
    const isLive = newest?.upTo === last && (holes.length === 1 || !this.#newestWasLast);
    if (newest === undefined || !isLive) return holes[0];
    return holes.length > MOST_HOLES ? newest : { ...newest, after: Math.max(newest.after, last - most) };
  }

  acknowledge(span: Span, now: number): void {
    this.#newestWasLast = span.upTo > this.newest;
    this.#acknowledged.add(span);
    const grain = this.#settleMs * GRAIN;
    const closes = (Math.floor(now / grain) + 1) * grain;
    const last = this.#grains.at(-1);
    if (last?.closes === closes) last.spans.add(span);
    else this.#grains.push({ closes, spans: new Spans([span]) });
  }

  /** Settles what has aged, given that the store is known to have lived until `now`. */
  settle(now: number): void {
    while (this.#grains[0] !== undefined && this.#grains[0].closes + this.#settleMs <= now)
      this.#settled.addAll(this.#grains.shift()?.spans ?? []);
  }

  /** The store may have restarted: send again all that has not settled. */
  rewind(): void {
    this.#grains = [];
    this.#acknowledged = new Spans(this.#settled);
  }
}
