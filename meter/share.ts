import type { Meter } from '../shared/settings/meter.ts';
import { ANYBODY, addressOf } from '../shared/settings/meters.ts';
import type { Phase, Sample } from './decoders/decoder.ts';

/** What a device tells of all its channels together. */
const OF_ALL = [
  ...['power', 'apparentPower', 'reactivePower', 'powerFactor', 'registers', 'gas', 'water'],
] as const satisfies readonly (keyof Sample)[];

/** The part of a sample that is one meter's, of several on the same line; undefined where nothing is. */
export function shareOf(sample: Sample, meter: Meter): Sample | undefined {
  const { channels } = meter;
  if (!isFrom(sample, meter)) return undefined;
  if (channels === undefined) return sample;
  const pick = <T>(of: readonly T[], none: T) => channels.map((channel) => of[channel - 1] ?? none);
  const share: Sample = { ...sample, phases: pick<Phase>(sample.phases, {}) };
  for (const key of OF_ALL) delete share[key];
  if (sample.counter)
    share.counter = { ...sample.counter, ampereSeconds: pick(sample.counter.ampereSeconds, 0) };
  return share.phases.some((phase) => Object.keys(phase).length > 0) ? share : undefined;
}

function isFrom({ address }: Sample, meter: Meter): boolean {
  if (meter.decoder !== 'pzem' || address === undefined) return true;
  const wanted = addressOf(meter);
  return wanted === ANYBODY || wanted === address;
}
