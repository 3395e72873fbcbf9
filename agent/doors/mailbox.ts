import { Notifier } from '../../shared/notifier.ts';

/** What is put into a mailbox: of the same key only the newest is kept; without one it may be missed. */
export interface Letter<T> {
  key?: string;
  content: T;
}

/**
 * What one reader has still to read. It never holds more than one letter of each key and `most` without: a
 * reader who is slow misses some of those, the oldest first, and never what is the case now.
 */
export class Mailbox<T> {
  readonly #most: number;
  readonly #letters = new Map<string, T>();
  readonly #filled = new Notifier();
  /** Keys of letters that may be missed, in order. */
  readonly #passing: string[] = [];
  #number = 0;

  constructor(most: number) {
    this.#most = most;
  }

  put({ key, content }: Letter<T>): void {
    if (key === undefined) this.#pass(content);
    else {
      // To the end: what came in between must not overtake it.
      this.#letters.delete(`=${key}`);
      this.#letters.set(`=${key}`, content);
    }
    this.#filled.notify();
  }

  /** In the order they came, until the signal aborts. */
  async *read(signal: AbortSignal): AsyncGenerator<T> {
    while (!signal.aborted) {
      const [first] = this.#letters;
      if (first === undefined) {
        await this.#filled.next(signal);
        continue;
      }
      const [key, content] = first;
      this.#letters.delete(key);
      if (key === this.#passing[0]) this.#passing.shift();
      yield content;
    }
  }

  #pass(content: T): void {
    const key = `#${this.#number++}`;
    this.#letters.set(key, content);
    this.#passing.push(key);
    if (this.#passing.length <= this.#most) return;
    const oldest = this.#passing.shift();
    if (oldest !== undefined) this.#letters.delete(oldest);
  }
}
