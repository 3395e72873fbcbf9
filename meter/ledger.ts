import type { Log } from '../shared/log.ts';
import type { Time } from '../shared/time.ts';
import type { Reading } from '../shared/wire.ts';
import { type AccountOptions, type AccountState, account } from './account.ts';
import type { Moment } from './charge.ts';
import type { Sample } from './decoders/decoder.ts';
import type { Diary } from './diagnostics.ts';
import type { Outbox } from './outbox/outbox.ts';

interface Deps {
  outbox: Outbox;
  diary: Diary;
  time: Time;
  log: Log;
  /** Told of each reading once it is kept. */
  onReading: (reading: Reading) => void;
}

export interface Ledger {
  enter(sample: Sample): void;
  /** Why samples may be missing before the next one. */
  missed(why: 'port' | 'rejects'): void;
}

/** Enters samples one after another: each is accounted, kept, and only then told. */
export function createLedger(options: AccountOptions, deps: Deps): Ledger {
  const { outbox, diary, time, log, onReading } = deps;
  let state: AccountState = outbox.account ?? { energy: 0, cost: 0 };
  let last: Moment | undefined;
  let missed: Moment['missed'];

  return {
    enter(sample) {
      const at = { now: time.now(), monotonic: time.monotonic(), ...(missed ? { missed } : {}) };
      log.trace(sample, 'a sample');
      const accounted = account(sample, at, last, state, options);
      diary.accounted(accounted.notes);
      if (accounted.reading === undefined) return;
      last = at;
      missed = undefined;
      state = accounted.state;
      const reading = outbox.append(accounted.reading, state);
      diary.read();
      onReading(reading);
    },
    missed(why) {
      // A port that was away explains more than what was refused around it.
      if (missed !== 'port') missed = why;
    },
  };
}
