/** Gaps that are remembered. */
const MOST = 1000;

export interface Cadence {
  /** ms between the beginnings of two: the median, and what eight of ten lie between. */
  median: number;
  low: number;
  high: number;
}

/** How regularly something happens. */
export class Gaps {
  readonly #gaps: number[] = [];
  #last: number | undefined;

  /** @param at ms of a clock that never steps. */
  happened(at: number): void {
    if (this.#last !== undefined && this.#gaps.push(Math.round(at - this.#last)) > MOST) this.#gaps.shift();
    this.#last = at;
  }

  /** Undefined until it happened twice. */
  get cadence(): Cadence | undefined {
    const sorted = this.#gaps.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
    const [low, median, high] = [at(0.1), at(0.5), at(0.9)];
    if (low === undefined || median === undefined || high === undefined) return undefined;
    return { low, median, high };
  }
}
