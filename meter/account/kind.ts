import type { MeterSettings } from '../../shared/settings/schema.ts';
import { correctMean } from '../calibration.ts';
import type { Sample } from '../decoders/decoder.ts';
import { meteredByCounter } from './by-counter.ts';
import { meteredByHost } from './by-host.ts';
import { isCounting, meteredByRegisters } from './by-registers.ts';
import { sum } from './energy.ts';
import type { AccountState, Metered, When } from './metered.ts';
import { allReversed, isCurrentOnly, signOf, wattsPerAmpere } from './phases.ts';
import { registersOf, type Scale } from './registers.ts';

/** Beyond what the limits give, growth is a fault. */
const SLACK = 1.05;

export interface AccountLimits {
  phases: MeterSettings['phases'];
  /** A, per phase. */
  maxCurrent: number;
  /** ms. */
  maxGap: number;
}

/** Energy since the last sample, by the best that the meter gives: charge it counted, registers, or power. */
export function metered(
  sample: Sample,
  watts: number | undefined,
  when: When,
  state: AccountState,
  options: AccountLimits,
): Metered {
  const { phases, maxCurrent, maxGap } = options;
  if (sample.counter) {
    const perAmpere = wattsPerAmpere(sample, phases);
    const wattsOf = (index: number, current: number) =>
      (perAmpere[index] ?? 0) * correctMean(phases[index]?.calibration.current, current);
    return meteredByCounter(sample.counter, when, state, { maxCurrent, wattsOf });
  }
  const told = registersOf(sample);
  if (told || (isCounting(state) && !isCurrentOnly(sample))) {
    const limits = { mostWatts: mostWatts(sample, state, options), scale: scaleOf(sample, phases) };
    return meteredByRegisters(told, when, state, limits);
  }
  return meteredByHost(watts ?? 0, when, state, maxGap);
}

/** W that can flow at most: all that the phases carry, or what the meter itself tells where that is more. */
function mostWatts(sample: Sample, state: AccountState, { phases, maxCurrent }: AccountLimits): number {
  const count = Math.max(phases.length, sample.phases.length);
  const volts = Array.from({ length: count }, (_, index) =>
    Math.max(phases[index]?.voltage ?? 0, sample.phases[index]?.voltage ?? 0),
  );
  return SLACK * Math.max(maxCurrent * sum(volts), Math.abs(sample.power ?? 0), Math.abs(state.power ?? 0));
}

/** Registers are calibrated by gain only: what an offset would add depends on a time that nobody knows. */
function scaleOf(sample: Sample, phases: MeterSettings['phases']): Scale {
  const gain = (index: number) => phases[index]?.calibration.power.gain ?? 1;
  return {
    swapped: allReversed(phases),
    gain: sample.phases.length <= 1 ? gain(0) : 1,
    channelGain: (index) => signOf(phases, index) * gain(index),
    feeds: (index) => (sample.phases[index]?.power ?? 0) < 0,
  };
}
