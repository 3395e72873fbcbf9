import type { Time } from '../../shared/time.ts';

/** A clock that stands still until the test moves it. */
export interface VirtualTime extends Time {
  /** Lets `ms` pass: wakes whoever sleeps, in order, and lets each do its work before the next. */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock alone, as an operator or NTP does. */
  step(ms: number): void;
}

/** @param start wall clock, ms since 1970 UTC. */
export function virtualTime(start = Date.parse('2026-01-15T12:00:00Z')): VirtualTime {
  let monotonic = 0;
  let offset = start;
  const sleepers = new Set<{ at: number; wake: () => void }>();

  return {
    now: () => offset + monotonic,
    monotonic: () => monotonic,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const leave = (settle: () => void) => () => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', abort);
          settle();
        };
        const abort = leave(() => reject(signal.reason));
        const sleeper = { at: monotonic + ms, wake: leave(resolve) };
        sleepers.add(sleeper);
        signal.addEventListener('abort', abort);
      }),
    async advance(ms) {
      const end = monotonic + ms;
      for (;;) {
        await workDone();
        const next = [...sleepers].sort((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > end) break;
        monotonic = Math.max(monotonic, next.at);
        next.wake();
      }
      monotonic = end;
    },
    step(ms) {
      offset += ms;
    },
  };
}

/** One turn of the event loop ends all promises and ticks that wait for no I/O; a few, what they start. */
async function workDone(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
