import type { DeadLetter } from '../agent/journal/dead-letters.ts';
import { showMoment } from './moment.ts';

/** A row of `wattdog dead-letters`. */
export function deadLetterRow({ store, meter, time, reason, at }: DeadLetter): Record<string, string> {
  return { refused: showMoment(at), store, meter, reading: showMoment(time), reason };
}
