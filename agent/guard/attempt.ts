import { GiveUpError, RetryError, reason } from '../../shared/errors.ts';
import type { Time } from '../../shared/time.ts';
import type { Verdict } from '../watch/verdict.ts';
import type { Rung, Try } from './incident.ts';
import type { Ward } from './ward.ts';

/** An attempt before it is made. */
export function beginTry({ name, healer }: Ward, rung: Rung, at: number): Try {
  const target = (rung === 'restart' && healer?.target) || name;
  return { at, rung, target, result: 'begun', detail: '', steps: [] };
}

/** What became of an attempt. */
export interface Outcome {
  made: Try;
  /** It could not even begin, and may be able to later. */
  isObstructed: boolean;
  /** Only a person can help. */
  isHopeless: boolean;
}

/** Makes one attempt. @throws the signal's reason when it aborts */
export async function attempt(
  ward: Ward,
  begun: Try,
  verdict: Verdict,
  { time, signal }: { time: Time; signal: AbortSignal },
): Promise<Outcome> {
  const began = time.monotonic();
  try {
    if (begun.rung === 'restart' && ward.healer) {
      const how = { frozen: verdict.cause === 'frozen', ended: verdict.cause === 'ended' };
      const { result, found, steps } = await ward.healer.heal(how, signal);
      return { made: { ...begun, result, detail: found, steps }, isObstructed: false, isHopeless: false };
    }
    const act = begun.rung === 'reopen' ? ward.reopen : ward.resetUsb;
    if (act === undefined)
      throw new GiveUpError(`healing ${ward.name}: must be able to ${begun.rung}, is not`);
    await act(signal);
    const steps = [{ action: begun.rung, tookMs: time.monotonic() - began }];
    return {
      made: { ...begun, result: 'running', detail: verdict.sentence, steps },
      isObstructed: false,
      isHopeless: false,
    };
  } catch (error) {
    signal.throwIfAborted();
    return {
      made: { ...begun, result: 'failed', detail: reason(error) },
      isObstructed: error instanceof RetryError,
      isHopeless: error instanceof GiveUpError,
    };
  }
}
