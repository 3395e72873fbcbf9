import type { Time } from './time.ts';

/** Lets one loop wait for another's progress without polling. */
export class Notifier {
  #next = Promise.withResolvers<void>();

  /** Wakes everyone who waits now. */
  notify(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }

  /** Resolves at the next `notify`, after `ms`, or when the signal aborts, whichever comes first. */
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
