/** How long an acknowledged reading stays doubtful; VictoriaMetrics loses up to 8 s of them on kill -9. */
const SETTLE_MS = 60_000;

/** Of the settling time: acknowledgements this close together settle as one. */
const GRAIN = 1 / 60;

/**
 * How far a store has been fed. An acknowledgement is not durability: what was acknowledged counts as
 * *settled* only when it has aged, and until then a store that may have restarted is given it again.
 * Times are milliseconds of any clock that never steps back.
 */
export class Cursor {
  readonly #settleMs: number;
  #settled: number;
  /** Acknowledged and not yet settled; up to `id`, all of it before the moment `closes`. Ascending. */
  #pending: { id: number; closes: number }[] = [];

  constructor(settled: number, settleMs = SETTLE_MS) {
    this.#settled = settled;
    this.#settleMs = settleMs;
  }

  /** The entry that the next to send comes after. */
  get sent(): number {
    return this.#pending.at(-1)?.id ?? this.#settled;
  }

  /** The entry up to which nothing need ever be sent again. */
  get settled(): number {
    return this.#settled;
  }

  acknowledge(id: number, now: number): void {
    const last = this.#pending.at(-1);
    if (last !== undefined && now < last.closes) last.id = id;
    else this.#pending.push({ id, closes: now + this.#settleMs * GRAIN });
  }

  /** Settles what has aged, given that the store is known to have lived until `now`. */
  settle(now: number): void {
    while (this.#pending[0] !== undefined && this.#pending[0].closes + this.#settleMs <= now)
      this.#settled = this.#pending.shift()?.id ?? this.#settled;
  }

  /** The store may have restarted: send again all that has not settled. */
  rewind(): void {
    this.#pending = [];
  }
}
