import { GiveUpError, RetryError } from '../../shared/errors.ts';
import { Notifier } from '../../shared/notifier.ts';
import type { Time } from '../../shared/time.ts';
import type { Guard } from './guard.ts';
import type { Moment } from './incident.ts';

/** ms a fire drill is followed. */
const FOLLOWED = 300_000;
const LAST: readonly Moment['what'][] = ['verified', 'respected', 'help needed'];

/**
 * Freezes what is guarded and tells what happens, until it is verified, a person is needed, or the signal
 * aborts: then only the telling ends, the healing goes on.
 *
 * @throws RetryError when it is not healthy now; GiveUpError when there is nothing to restart
 */
export async function* drill(guard: Guard, time: Time, signal: AbortSignal): AsyncGenerator<Moment> {
  const { name, healer } = guard.ward;
  const { state, sentence } = guard.verdict;
  if (healer === undefined)
    throw new GiveUpError(`drilling ${name}: must have something to restart, has nothing`);
  if (state !== 'healthy')
    throw new RetryError(`drilling ${name}: must be healthy, is ${state}: ${sentence}`);
  const moments: Moment[] = [];
  const more = new Notifier();
  const deadline = time.monotonic() + FOLLOWED;
  const end = guard.beginDrill((moment) => {
    moments.push(moment);
    more.notify();
  });
  try {
    const detail = await healer.freeze(signal);
    yield { at: time.now(), what: 'frozen', detail };
    while (!signal.aborted && time.monotonic() < deadline) {
      const moment = moments.shift();
      if (moment === undefined) {
        await more.wait(deadline - time.monotonic(), time, signal);
        continue;
      }
      yield moment;
      if (LAST.includes(moment.what)) return;
    }
    if (!signal.aborted) yield { at: time.now(), what: 'gave up waiting', detail: guard.verdict.sentence };
  } finally {
    end();
  }
}
