import { isText } from './frames.ts';
import { Trials } from './trials.ts';

/** ms without a byte that part one message of a device from the next. */
const PAUSE = 50;
/** Gaps that are remembered. */
const MOST = 1000;
/** The share of bytes that a text line at the right baud rate has at least. */
const PLAUSIBLE = 0.95;

export interface Cadence {
  /** ms between the beginnings of two messages: the median, and what eight of ten lie between. */
  median: number;
  low: number;
  high: number;
}

/** What was heard on a port, since it was opened or set to another rate. */
export class Heard {
  readonly trials: Trials;
  bytes = 0;
  #text = 0;
  #last: number | undefined;
  #begun: number | undefined;
  readonly #gaps: number[] = [];

  constructor(maxCurrent: number) {
    this.trials = new Trials(maxCurrent);
  }

  /** @param at ms of a clock that never steps. @param atLineStart see Trials. */
  push(chunk: Uint8Array, at: number, atLineStart: boolean): void {
    this.bytes += chunk.length;
    this.#text += chunk.filter(isText).length;
    this.trials.push(chunk, atLineStart);
    if (this.#last === undefined || at - this.#last >= PAUSE) {
      if (this.#begun !== undefined && this.#gaps.push(Math.round(at - this.#begun)) > MOST)
        this.#gaps.shift();
      this.#begun = at;
    }
    this.#last = at;
  }

  /** The share of bytes that are text; 1 where nothing came. */
  get text(): number {
    return this.bytes === 0 ? 1 : this.#text / this.bytes;
  }

  /** Whether the bytes are text, as nearly every meter's are at the right rate. */
  get isPlausible(): boolean {
    return this.bytes > 0 && this.text >= PLAUSIBLE;
  }

  /** Undefined while there was not more than one message, or where they never pause. */
  get cadence(): Cadence | undefined {
    const sorted = this.#gaps.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
    const [low, median, high] = [at(0.1), at(0.5), at(0.9)];
    if (low === undefined || median === undefined || high === undefined) return undefined;
    return { low, median, high };
  }
}
