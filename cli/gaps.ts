import type { Gap, OpenGap } from '../agent/journal/gaps.ts';
import { gapCause } from '../agent/notify/words.ts';
import { showDuration, showMoment } from './moment.ts';
import type { Row } from './table.ts';

/** Whether a gap has something for the columns of what was fed out. */
export const hasExport = ({ exportEnergy, credit }: Gap): boolean => exportEnergy !== 0 || credit !== 0;

/** A row of `wattdog gaps`; what is not known yet stays empty. */
export function openGapRow({ meter, start }: OpenGap, now: number, withOut: boolean): Row {
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
    ...(withOut && { 'kWh out': '' }),
    'kWh estimated': '',
    cost: '',
    ...(withOut && { earned: '' }),
    'cost estimated': '',
  };
}

/** A row of `wattdog gaps`. @param withOut whether there are columns for what was fed out and earned. */
export function gapRow(gap: Gap, withOut: boolean): Row {
  return {
    meter: gap.meter,
    from: showMoment(gap.start),
    to: showMoment(gap.end),
    lasted: showDuration(gap.end - gap.start),
    why: gapCause(gap.cause),
    missed: gap.readings,
    'kWh counted': gap.energy.toFixed(3),
    ...(withOut && { 'kWh out': gap.exportEnergy.toFixed(3) }),
    'kWh estimated': gap.estimatedEnergy.toFixed(3),
    cost: gap.cost.toFixed(2),
    ...(withOut && { earned: gap.credit.toFixed(2) }),
    'cost estimated': gap.estimatedCost.toFixed(2),
  };
}
