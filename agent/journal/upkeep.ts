import { reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { every, type Time } from '../../shared/time.ts';
import { together } from '../../shared/together.ts';
import type { Limits } from './expiry.ts';
import type { Journal } from './journal.ts';

/** ms between two tries to open a journal whose disk has failed. */
const MEND_EVERY = 3000;
/** ms between two looks for what has become too old or too much. */
const EXPIRE_EVERY = 1000;
/** ms between two batches, for the intake and all else. */
const BREATH = 5;

/**
 * Keeps the journal in order until the signal aborts: opens it again after its disk has failed, reads all
 * of it once after an end that was not orderly, and takes out what is beyond the limits.
 *
 * @param stores names those that must have been given a reading before it may leave for its age.
 */
export async function keepJournal(
  journal: Journal,
  { limits, stores }: { limits: Limits; stores: () => readonly string[] },
  { time, log }: { time: Time; log: Log },
  signal: AbortSignal,
): Promise<void> {
  let said = '';
  const expire = async () => {
    if (journal.trouble !== undefined) return;
    try {
      while (!signal.aborted && journal.expire(limits, stores()) > 0) await time.sleep(BREATH, signal);
    } catch (error) {
      const why = reason(error);
      if (!signal.aborted && why !== said) log.warn(`taking old readings out of the journal: ${why}`);
      said = why;
    }
  };
  await together(
    signal,
    (stopped) => every(MEND_EVERY, time, stopped, () => journal.mend()),
    (stopped) => every(EXPIRE_EVERY, time, stopped, expire),
    (stopped) => journal.check(stopped),
  );
}
