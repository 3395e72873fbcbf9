import type { Gap, OpenGap } from '../agent/journal/gaps.ts';
import { gapCause } from '../agent/notify/words.ts';
import { showDuration, showMoment } from './moment.ts';

/** A row of `wattdog gaps`; what is not known yet stays empty. */
export function openGapRow({ meter, start }: OpenGap, now: number): Record<string, string | number> {
  const known = {
    meter,
    from: showMoment(start),
    to: 'now',
    lasted: showDuration(now - start),
    why: 'no reading since',
  };
  return {
    ...known,
    missed: '',
    'kWh counted': '',
    'kWh estimated': '',
    cost: '',
    'cost estimated': '',
  };
}

/** A row of `wattdog gaps`. */
export function gapRow(gap: Gap): Record<string, string | number> {
  return {
    meter: gap.meter,
    from: showMoment(gap.start),
    to: showMoment(gap.end),
    lasted: showDuration(gap.end - gap.start),
    why: gapCause(gap.cause),
    missed: gap.readings,
    'kWh counted': gap.energy.toFixed(3),
    'kWh estimated': gap.estimatedEnergy.toFixed(3),
    cost: gap.cost.toFixed(2),
    'cost estimated': gap.estimatedCost.toFixed(2),
  };
}
