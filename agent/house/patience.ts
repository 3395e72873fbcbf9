import { setImmediate } from 'node:timers/promises';
import { RetryError } from '../../shared/errors.ts';
import type { Time } from '../../shared/time.ts';

/** ms of work after which everyone else gets a turn: the detector's loop turns ten times a second. */
const SLICE = 8;
/** Questions that wait at most. */
const MOST_WAITING = 50;

/** To be awaited between two pieces of a long work; lets others go first when it is their turn. */
export type Pause = () => Promise<void>;

/**
 * Does long works one after the other, in slices: however many are asked for at once, nobody else waits for
 * longer than a slice.
 *
 * @throws RetryError when too many wait already.
 */
export function oneByOne(time: Time): <T>(work: (pause: Pause) => Promise<T>) => Promise<T> {
  const pause = slices(time);
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const inTurn = async <T>(before: Promise<unknown>, work: (pause: Pause) => Promise<T>): Promise<T> => {
    try {
      await before;
      // Many short works are a long one.
      await pause();
      return await work(pause);
    } finally {
      waiting -= 1;
    }
  };
  return (work) => {
    if (waiting >= MOST_WAITING)
      throw new RetryError(`looking up the past: at most ${MOST_WAITING} may ask at once, it is one more`);
    waiting += 1;
    const mine = inTurn(last, work);
    last = mine.catch(() => {});
    return mine;
  };
}

/** A slice begins when the one before it was given up, or long ago. */
function slices(time: Time): Pause {
  let began = time.monotonic();
  return async () => {
    if (time.monotonic() - began < SLICE) return;
    await setImmediate();
    began = time.monotonic();
  };
}
