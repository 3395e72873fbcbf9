import type { Time } from './time.ts';

/** Lets one loop wait for another's progress without polling. */
export class Notifier {
  #next = Promise.withResolvers<void>();

  /** Wakes everyone who waits now. */
  notify(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }

  /** Resolves at the next `notify`, or when the signal aborts. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const aborted = Promise.withResolvers<void>();
    const stop = () => aborted.resolve();
    signal.addEventListener('abort', stop, { once: true });
    await Promise.race([this.#next.promise, aborted.promise]);
    signal.removeEventListener('abort', stop);
  }

  /** The same, but for `ms` at most. */
  async wait(ms: number, time: Time, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const enough = new AbortController();
    const stop = () => enough.abort();
    signal.addEventListener('abort', stop, { once: true });
    await Promise.race([this.#next.promise, time.sleep(ms, enough.signal).catch(() => {})]);
    signal.removeEventListener('abort', stop);
    enough.abort();
  }
}
