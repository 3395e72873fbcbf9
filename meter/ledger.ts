import type { Log } from '../shared/log.ts';
import type { Time } from '../shared/time.ts';
import type { Reading } from '../shared/wire.ts';
import { type AccountOptions, type AccountState, account, type Moment } from './account.ts';
import { type CalibrationState, calibrate } from './calibration.ts';
import type { Sample } from './decoders/decoder.ts';
import type { Diary } from './diagnostics.ts';
import type { Outbox } from './outbox/outbox.ts';
import type { Correction, Corrections } from './tariff/dynamic/corrections.ts';

interface Deps {
  outbox: Outbox;
  diary: Diary;
  time: Time;
  log: Log;
  /** Told of each reading once it is kept. */
  onReading: (reading: Reading) => void;
  /** Told of each price that the meter tells, in currency per kWh, before it is used. @param at ms since 1970. */
  onPrice?: (price: number, at: number) => void;
  /** Where prices may become known, or others, when they were charged already. */
  corrections?: Pick<Corrections, 'note' | 'take'>;
}

export interface Ledger {
  enter(sample: Sample): void;
  /** Why samples may be missing before the next one. */
  missed(why: 'port' | 'rejects'): void;
  /** What readings have carried beyond the promised; the same list until there is more. */
  readonly fields: readonly string[];
}

const NONE: readonly string[] = [];

/** Enters samples one after another: each is calibrated, accounted, kept, and only then told. */
export function createLedger(options: AccountOptions, deps: Deps): Ledger {
  const { outbox, diary, time, log, onReading, onPrice, corrections } = deps;
  let state: AccountState = outbox.account ?? { energy: 0, cost: 0 };
  let calibration: CalibrationState = {};
  let last: Moment | undefined;
  let missed: Moment['missed'];
  let correction: Correction | undefined;

  return {
    get fields() {
      return state.fields ?? NONE;
    },
    enter(told) {
      const at = { now: time.now(), monotonic: time.monotonic(), ...(missed ? { missed } : {}) };
      log.trace(told, 'a sample');
      if (told.price !== undefined) onPrice?.(told.price, at.now);
      const calibrated = calibrate(told, at.monotonic, calibration, options.phases);
      calibration = calibrated.state;
      diary.calibrated(calibrated);
      if (calibrated.sample === undefined) {
        missed ??= 'rejects';
        return;
      }
      correction ??= corrections?.take();
      const accounted = account(calibrated.sample, { at, last, correction }, state, options);
      diary.accounted(accounted.notes);
      if (accounted.reading === undefined) return;
      last = at;
      missed = undefined;
      correction = undefined;
      state = accounted.state;
      const reading = outbox.append(accounted.reading, state);
      for (const { from, to, flow } of accounted.priced) corrections?.note(from, to, flow);
      diary.read();
      onReading(reading);
    },
    missed(why) {
      // A port that was away explains more than what was refused around it.
      if (missed !== 'port') missed = why;
    },
  };
}
