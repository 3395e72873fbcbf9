import type { Cadence, Limits } from './cadence.ts';

/**
 * When signs of life came, and which of the gaps between them say something about the cadence. Pure; ms of
 * a monotonic clock.
 */
export class Silence {
  readonly cadence: Cadence;
  readonly #stallAfter: number | undefined;
  #last: number | undefined;
  /** A gap that spans blindness says nothing about the cadence. */
  #gapIsBenign = false;
  /** When healing may have ended the silence that goes on. */
  #healedAt: number | undefined;

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
    if (this.#last !== undefined && this.#gapIsBenign && !this.#wasHealed(at))
      this.cadence.learn(at - this.#last, at);
    this.#last = at;
    this.#gapIsBenign = benign;
    this.#healedAt = undefined;
  }

  disregardGap(): void {
    this.#gapIsBenign = false;
    this.#healedAt = undefined;
  }

  /** Healed or started by somebody: a message that comes soon is thanks to that, and its gap is no habit. */
  healed(at: number): void {
    this.#healedAt = at;
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

  /** A silence that outlasts a restart was not cured by it: such is this feed. */
  #wasHealed(at: number): boolean {
    return this.#healedAt !== undefined && at - this.#healedAt <= firstMessageGrace(this.limits());
  }
}

/** ms that a target gets to its first message, at least, after it was healed or we regained our sight. */
const FIRST_MESSAGE_GRACE = 30_000;

export function firstMessageGrace(limits: Limits | undefined): number {
  return Math.max(FIRST_MESSAGE_GRACE, limits?.stalled ?? 0);
}
