/** Our detector without one of its parts, or with another in its place. */
import { TUNED } from '../../../agent/watch/cadence.ts';
import { type Detector, unlessSingle, wattdog } from './detectors.ts';
import { DAY } from './traces.ts';

const tuned = (changes: Partial<typeof TUNED>) => () => wattdog({ ...TUNED, ...changes });

export const ABLATIONS: Record<string, () => Detector> = {
  'as it is': () => wattdog(),
  'no short window': tuned({ short: TUNED.long }),
  'bursts not collapsed': tuned({ pauses: 0 }),
  'no large gaps remembered': tuned({ least: 0, most: 0 }),
  'remembered for a day': tuned({ memory: DAY }),
  'remembered for 90 days': tuned({ memory: 90 * DAY }),
  'one large gap is a habit': tuned({ habit: 1 }),
  'tail not extrapolated': tuned({ reach: 0 }),
  'judged after 60 s': tuned({ seen: 0 }),
  'silence that outlasts a restart not learned': () => wattdog(TUNED, unlessSingle()),
  'all silences learned': () => wattdog(TUNED, () => true),
  'own pauses not excused': () => ({ ...wattdog(), blamesPauses: true }),
  'patience of 5 medians': tuned({ patience: 5 }),
};
