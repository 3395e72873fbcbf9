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

/** A silence that no reading has ended yet; ms since 1970 UTC. */
export interface OpenGap {
  meter: string;
  start: number;
  end: null;
}

/** @param newest the newest reading of each meter. */
export function openGaps(
  newest: readonly { meter: string; time: number }[],
  maxGap: number,
  now: number,
): OpenGap[] {
  return newest
    .filter(({ time }) => now - time > maxGap)
    .map(({ meter, time }) => ({ meter, start: time, end: null }));
}

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
    why: CAUSES[gap.cause],
    missed: gap.readings,
    'kWh counted': gap.energy.toFixed(3),
    'kWh estimated': gap.estimatedEnergy.toFixed(3),
    cost: gap.cost.toFixed(2),
    'cost estimated': gap.estimatedCost.toFixed(2),
  };
}
