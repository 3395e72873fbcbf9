import type { MeterSettings } from '../../shared/settings/schema.ts';
import type { Reading } from '../../shared/wire.ts';
import type { Sample } from '../decoders/decoder.ts';
import { sum } from './energy.ts';

type PhaseSettings = MeterSettings['phases'];
type Settings = Partial<PhaseSettings[number]>;

/** One phase as a reading tells it; what is neither told nor known is absent. */
interface Phase {
  /** A. */
  current?: number;
  /** V; the nominal one where the meter tells nothing but currents. */
  voltage?: number;
  /** W, negative while it feeds out. */
  power?: number;
}

/** What a sample tells of this moment. */
export interface Electrical {
  phases: Phase[];
  /** W over all phases, negative while it feeds out; absent where the sample has nothing to make it of. */
  power?: number;
  /** VA. */
  apparent?: number;
  basis: Reading['power_basis'];
}

/** What a phase's settings are; beyond the list there are none. */
const settingsOf = (phases: PhaseSettings, index: number): Settings => phases[index] ?? {};

/** Every sensor is turned round, and with them all that the meter tells as a whole. */
export function allReversed(phases: PhaseSettings): boolean {
  return phases.every(({ reversed }) => reversed);
}

/** -1 for a phase whose flow goes out of the house where its sensor says in. */
export function signOf(phases: PhaseSettings, index: number): 1 | -1 {
  return (phases[index]?.reversed ?? allReversed(phases)) ? -1 : 1;
}

/** Whether it comes from bare current sensors, whose voltage is in the settings. */
export function isCurrentOnly({ phases, power, registers, counter }: Sample): boolean {
  if (counter !== undefined) return true;
  if (power !== undefined || registers !== undefined || phases.length === 0) return false;
  return phases.every((phase) => Object.keys(phase).every((key) => key === 'current'));
}

/**
 * W of one ampere on each phase, signed: voltage, told or nominal, times power factor, fixed or told;
 * undefined where no voltage is known.
 */
export function wattsPerAmpere(sample: Sample, phases: PhaseSettings): (number | undefined)[] {
  return sample.phases.map((_, index) => {
    const volts = voltageOf(sample, phases, index);
    const factor = settingsOf(phases, index).power_factor ?? Math.abs(sample.powerFactor ?? 1);
    return volts === undefined ? undefined : signOf(phases, index) * volts * factor;
  });
}

/** Power, per phase and in all: as the meter tells it, else what currents and voltages make. */
export function electricalOf(sample: Sample, phases: PhaseSettings): Electrical {
  const perAmpere = wattsPerAmpere(sample, phases);
  const reversed = phases.some((phase) => phase.reversed);
  const watts = sample.phases.map(({ current, power }, index) => {
    const factor = perAmpere[index];
    if (power !== undefined) return signOf(phases, index) * power;
    return current === undefined || factor === undefined ? undefined : current * factor;
  });
  const told = toldPower(sample, phases);
  const known = watts.filter((value) => value !== undefined);
  const power = told ?? (known.length > 0 ? sum(known) : undefined);
  const apparent = apparentPower(sample, phases);
  return {
    phases: sample.phases.map(({ current, power: phasePower }, index) => {
      const voltage = voltageOf(sample, phases, index);
      const value = watts[index];
      return {
        ...(current === undefined ? {} : { current }),
        ...(voltage === undefined ? {} : { voltage }),
        // Made of the nominal voltage it says no more than the current does, but which way it flows.
        ...(value !== undefined && (phasePower !== undefined || reversed) ? { power: value } : {}),
      };
    }),
    ...(power === undefined ? {} : { power }),
    ...(apparent === undefined ? {} : { apparent }),
    basis: basisOf(sample, phases, told !== undefined),
  };
}

function voltageOf(sample: Sample, phases: PhaseSettings, index: number): number | undefined {
  const { voltage, current } = sample.phases[index] ?? {};
  if (voltage !== undefined || current === undefined || !isCurrentOnly(sample)) return voltage;
  // Beyond the list as in its last entry: a device that tells more sensors than were listed loses none.
  return (phases[index] ?? phases.at(-1))?.voltage;
}

/** The total that the meter tells, in the house's direction: a phase that is turned round counts the other way. */
function toldPower({ power, phases: told }: Sample, phases: PhaseSettings): number | undefined {
  if (power === undefined) return undefined;
  if (allReversed(phases)) return -power;
  return power - sum(told.map((phase, index) => (signOf(phases, index) < 0 ? 2 * (phase.power ?? 0) : 0)));
}

function apparentPower(sample: Sample, phases: PhaseSettings): number | undefined {
  if (sample.apparentPower !== undefined) return sample.apparentPower;
  const parts = sample.phases.flatMap(({ current }, index) => {
    if (current === undefined) return [];
    const voltage = voltageOf(sample, phases, index);
    return [voltage === undefined ? undefined : Math.abs(current) * voltage];
  });
  const known = parts.filter((part) => part !== undefined);
  return known.length > 0 && known.length === parts.length ? sum(known) : undefined;
}

/** Nominal volts times amperes is apparent power, and is called so unless every phase names its power factor. */
function basisOf(sample: Sample, phases: PhaseSettings, told: boolean): Reading['power_basis'] {
  const derived = sample.phases.flatMap((phase, index) =>
    phase.power === undefined && phase.current !== undefined ? [settingsOf(phases, index)] : [],
  );
  if (sample.powerBasis) return sample.powerBasis;
  if (told || derived.length === 0 || sample.powerFactor !== undefined) return 'measured';
  return derived.every(({ power_factor }) => power_factor !== undefined) ? 'power_factor' : 'apparent';
}
