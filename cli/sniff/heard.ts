import { Bits } from './bits.ts';
import { type Cadence, Gaps } from './gaps.ts';
import { type TrialOptions, Trials } from './trials.ts';

/** ms without a byte that part one message of a device from the next. */
const PAUSE = 50;
/** The share of bytes that a text line at the right baud rate has at least. */
const PLAUSIBLE = 0.95;

/** What was heard on a port, since it was opened or set to another rate. */
export class Heard {
  readonly trials: Trials;
  readonly bits = new Bits();
  bytes = 0;
  #first: number | undefined;
  #last: number | undefined;
  readonly #messages = new Gaps();

  constructor(options: TrialOptions) {
    this.trials = new Trials(options);
  }

  /** @param at ms of a clock that never steps. @param atLineStart see Trials. */
  push(chunk: Uint8Array, at: number, atLineStart: boolean): void {
    this.bytes += chunk.length;
    this.bits.push(chunk);
    this.trials.push(chunk, at, atLineStart);
    if (this.#last === undefined || at - this.#last >= PAUSE) this.#messages.happened(at);
    this.#first ??= at;
    this.#last = at;
  }

  /** When the first byte came; undefined where none did. */
  get since(): number | undefined {
    return this.#first;
  }

  /** Whether the bytes are text, as most meters’ are at the right rate. */
  get isPlausible(): boolean {
    return this.bytes > 0 && this.bits.text >= PLAUSIBLE;
  }

  /** Of messages; undefined while there was not more than one, or where they never pause. */
  get cadence(): Cadence | undefined {
    return this.#messages.cadence;
  }
}
