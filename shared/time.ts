import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** Time as a parameter, so that tests own it. */
export interface Time {
  /** Wall clock, milliseconds since 1970 UTC; may jump either way. */
  now(): number;
  /** CLOCK_MONOTONIC in milliseconds; never steps, and stands still while the host is suspended. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemTime: Time = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, { signal });
    } catch {
      signal.throwIfAborted();
    }
  },
};

/** Calls `tick` every `ms` until the signal aborts; a tick that is still running delays the next one. */
export async function every(
  ms: number,
  time: Time,
  signal: AbortSignal,
  tick: () => void | Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await tick();
    await time.sleep(ms, signal).catch(() => {});
  }
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
