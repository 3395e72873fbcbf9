import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds after which a request without an answer is suspicious. */
const HANGS_MS = 500;
/** Milliseconds within which a store that can be reached answers the least of questions. */
const KNOCK_MS = 300;
const PAUSE_MS = 100;
/** One may be missed by a store that is merely busy. */
const MISSES = 2;
/** Milliseconds in which a request that was not lost is answered too. */
const GRACE_MS = 200;

/**
 * A request whose packets were lost on the way is sent again by the system only after many seconds, and one
 * that a proxy has swallowed never is, long after the way is free again. So while a request hangs, the store
 * is asked for a sign of life again and again.
 *
 * @param knock asks on a connection of its own; rejects when there was no answer.
 * @param answered aborts when the request is no longer waited for.
 * @returns aborts when the store has been beyond reach and answers again, but not to the request.
 */
export function awaitReturn(
  knock: (signal: AbortSignal) => Promise<void>,
  answered: AbortSignal,
): AbortSignal {
  const lost = new AbortController();
  const watch = async () => {
    const pause = (ms: number) => sleep(ms, undefined, { signal: answered, ref: false });
    await pause(HANGS_MS);
    for (let misses = 0; ; await pause(PAUSE_MS)) {
      const brief = AbortSignal.any([answered, AbortSignal.timeout(KNOCK_MS)]);
      const reached = await knock(brief).then(
        () => true,
        () => false,
      );
      if (reached && misses >= MISSES) break;
      misses = reached ? 0 : misses + 1;
    }
    await pause(GRACE_MS);
    lost.abort();
  };
  // Rejects when there is an answer.
  watch().catch(() => {});
  return lost.signal;
}
