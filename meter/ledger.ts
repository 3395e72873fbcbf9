import { reason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { Time } from '../shared/time.ts';
import type { Reading } from '../shared/wire.ts';
import { type AccountOptions, type AccountState, account, type Moment } from './account.ts';
import type { Sample } from './decoders/decoder.ts';
import type { Diary } from './diagnostics.ts';
import type { Outbox } from './outbox.ts';

interface Deps {
  outbox: Outbox;
  diary: Diary;
  time: Time;
  log: Log;
  /** Told of each reading once it is kept. */
  onReading: (reading: Reading) => void;
}

/** Enters samples one after another: each is accounted, kept, and only then told. */
export function createLedger(options: AccountOptions, deps: Deps): (sample: Sample) => void {
  const { outbox, diary, time, log, onReading } = deps;
  let state: AccountState = outbox.account() ?? { energy: 0, cost: 0 };
  let last: Moment | undefined;

  return (sample) => {
    const at = { now: time.now(), monotonic: time.monotonic() };
    const accounted = account(sample, at, last, state, options);
    if (accounted.reading === undefined) return diary.accounted(accounted.notes);
    let reading: Reading;
    try {
      reading = outbox.append(accounted.reading, accounted.state);
    } catch (error) {
      // `last` and `state` stay, so that the next reading covers this one's interval too.
      if (diary.notKept()) log.error(`keeping a reading in the outbox: ${reason(error)}`);
      return;
    }
    last = at;
    state = accounted.state;
    diary.accounted(accounted.notes);
    diary.read();
    onReading(reading);
  };
}
