import type { Gap } from '../agent/journal/gaps.ts';
import { showDuration, showMoment } from './moment.ts';

const CAUSES: Record<Gap['cause'], string> = {
  reader: 'the reader was not running',
  port: 'the device was away or silent',
  rejects: 'what came was refused',
  device: 'the device began anew',
  silence: 'nothing came',
  dropped: 'the outbox was full',
};

/** A row of `wattdog gaps`. */
export function gapRow(gap: Gap): Record<string, string | number> {
  return {
    meter: gap.meter,
    from: showMoment(gap.start),
    to: showMoment(gap.end),
    lasted: showDuration(gap.end - gap.start),
    why: CAUSES[gap.cause],
    'readings missed': gap.readings,
    'kWh counted': gap.energy.toFixed(3),
    'kWh estimated': gap.estimatedEnergy.toFixed(3),
    cost: gap.cost.toFixed(2),
    'cost estimated': gap.estimatedCost.toFixed(2),
  };
}
