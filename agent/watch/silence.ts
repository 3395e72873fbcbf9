import type { Cadence, Limits } from './cadence.ts';

/**
 * When signs of life came, and which of the gaps between them say something about the cadence. Pure; ms of
 * a monotonic clock.
 */
export class Silence {
  readonly cadence: Cadence;
  readonly #stallAfter: number | undefined;
  #last: number | undefined;
  /** A gap that spans blindness, healing or a stall says nothing about the cadence. */
  #gapIsBenign = false;
  /** The last gap was long enough to convict, and yet a message came by itself. */
  #gapWasLong = false;

  /** @param stallAfter ms of silence that convict; undefined to learn them. */
  constructor(cadence: Cadence, stallAfter: number | undefined) {
    this.cadence = cadence;
    this.#stallAfter = stallAfter;
  }

  /** When the last sign of life came. */
  get last(): number | undefined {
    return this.#last;
  }

  /** Somebody who was seen in an earlier life of ours: from now on his silence counts. */
  resume(at: number): void {
    this.#last ??= at;
  }

  /** @param benign whether nothing disturbs the gap that begins now. */
  lives(at: number, benign: boolean): void {
    if (this.#last !== undefined && this.#gapIsBenign) this.#learn(at - this.#last, at);
    this.#last = at;
    this.#gapIsBenign = benign;
  }

  disregardGap(): void {
    this.#gapIsBenign = false;
    this.#gapWasLong = false;
  }

  /** The silence of the last `ms`, until `at`, was ours. */
  excuse(ms: number, at: number): void {
    if (this.#last !== undefined) this.#last = Math.min(at, this.#last + ms);
    this.disregardGap();
  }

  limits(): Limits | undefined {
    const learned = this.cadence.limits();
    if (this.#stallAfter === undefined) return learned;
    const median = Math.min(learned?.median ?? this.#stallAfter / 8, this.#stallAfter);
    return { median, suspect: this.#stallAfter / 2, stalled: this.#stallAfter };
  }

  /** One gap that could convict is an outage; a second in a row is a new pace. */
  #learn(gap: number, at: number): void {
    const isLong = gap >= (this.limits()?.stalled ?? Number.POSITIVE_INFINITY);
    if (!isLong || this.#gapWasLong) this.cadence.learn(gap, at);
    this.#gapWasLong = isLong;
  }
}
