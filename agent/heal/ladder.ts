/** ms to wait before each further try; the last one repeats. */
const STEPS = [0, 10_000, 30_000, 120_000, 600_000, 1_800_000];
/** ms of health after which trouble counts as new. "It started" is not health. */
const FORGIVEN_AFTER = 600_000;

/** How soon a target that stays silent may be restarted again. Pure; times in ms of a monotonic clock. */
export class Ladder {
  #tries = 0;
  #lastTry = Number.NEGATIVE_INFINITY;
  #healthySince: number | undefined;

  /** When the next try may begin. */
  nextTry(): number {
    return this.#lastTry + (STEPS[Math.min(this.#tries, STEPS.length - 1)] ?? 0);
  }

  tried(at: number): void {
    this.#tries += 1;
    this.#lastTry = at;
    this.#healthySince = undefined;
  }

  /** Told at every healthy verdict. */
  healthy(at: number): void {
    this.#healthySince ??= at;
    if (at - this.#healthySince >= FORGIVEN_AFTER) this.#tries = 0;
  }

  unhealthy(): void {
    this.#healthySince = undefined;
  }
}
