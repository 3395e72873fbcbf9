import type { MeterSettings } from '../shared/settings/schema.ts';
import type { GapCause, Reading, UnnumberedReading } from '../shared/wire.ts';
import {
  type Before,
  type Limits,
  type Metered,
  type Moment,
  meteredByDevice,
  meteredByHost,
  type Notes,
} from './charge.ts';
import type { Sample } from './decoders/decoder.ts';
import { costOf, gapOf, round, sum } from './gap.ts';
import type { Pricing } from './tariff/pricing.ts';

const JOULES_PER_KWH = 3_600_000;
/** Milliseconds; the wall clock and the monotonic one part by more than this only in a step. */
const CLOCK_STEP = 1000;

/** What must outlive the process; stored in the same transaction as the reading it belongs to. */
export interface AccountState extends Before {
  /** kWh. */
  energy: number;
  /** Currency. */
  cost: number;
  /** W, of the last reading. */
  power?: number;
  /** Seconds between two readings, usually. */
  cadence?: number;
  /** What nobody counted, never part of `energy` and `cost`: kWh and currency. */
  estimated?: { energy: number; cost: number };
}

export interface Accounted {
  /** Missing when the sample makes no reading. */
  reading?: UnnumberedReading;
  state: AccountState;
  notes: Notes;
}

export interface AccountOptions extends Limits {
  phases: MeterSettings['phases'];
  pricing: Pricing;
  simulated: boolean;
}

/**
 * Makes a reading of a sample: power, energy, price and cost.
 *
 * Where the meter counts charge, energy is what it counted, however long nobody read it. Where it does
 * not, energy is the present current over the time since the last sample; a longer silence than `maxGap`,
 * or one across two processes, is not charged but estimated, apart from the totals. Time between samples
 * is monotonic, so a clock step changes no energy.
 *
 * A reading after a gap covers no interval: what was counted meanwhile is the gap's.
 *
 * @param last when the previous sample of this process was decoded; undefined for its first.
 */
export function account(
  sample: Sample,
  at: Moment,
  last: Moment | undefined,
  state: AccountState,
  options: AccountOptions,
): Accounted {
  const metered = sample.counter
    ? meteredByDevice(sample.counter, at, last, state, options)
    : meteredByHost(sample, at, last, state, options);
  const notes = { ...metered.notes, ...clockStep(at, last) };
  if (notes.stale) return { state, notes };

  const phases = sample.phases.map(({ current = 0 }, index) => {
    const { voltage = 0, power_factor } = options.phases[index] ?? {};
    const coulombs = metered.coulombs[index] ?? 0;
    const realVolts = voltage * (power_factor ?? 1);
    return { current, voltage, volts: realVolts, kWh: (coulombs * realVolts) / JOULES_PER_KWH };
  });
  const energy = sum(phases.map(({ kWh }) => kWh));
  const power = round(sum(phases.map(({ current, volts }) => current * volts)), 2);
  const time = freshTime(at.now, state.time);
  const { price, period } = options.pricing.at(time);
  const cost = costOf(energy, time - metered.seconds * 1000, time, options.pricing);
  const cause = gapCause(metered, at, last, sample, options);
  const gap = cause && gapOf(cause, metered, { energy, cost, power, time }, state, options.pricing);
  const interval = gap ? { seconds: 0, energy: 0, cost: 0 } : { seconds: metered.seconds, energy, cost };
  if (gap) notes.gapSeconds = metered.silence;

  const estimated = {
    energy: (state.estimated?.energy ?? 0) + (gap?.estimated?.energy ?? 0),
    cost: (state.estimated?.cost ?? 0) + (gap?.estimated?.cost ?? 0),
  };
  const cadence = cadenceOf(interval.seconds, metered.missing, state.cadence);
  const next: AccountState = {
    energy: state.energy + energy,
    cost: state.cost + cost,
    time,
    power,
    ...(cadence === undefined ? {} : { cadence }),
    ...(sample.counter ? { counter: sample.counter } : {}),
    ...(estimated.energy > 0 ? { estimated } : {}),
  };

  const reading: UnnumberedReading = {
    time: new Date(time).toISOString(),
    interval: round(interval.seconds, 3),
    ...Object.fromEntries(
      phases.flatMap(({ current, voltage }, index) => [
        [`current_${index + 1}`, round(current, 3)],
        [`voltage_${index + 1}`, voltage],
      ]),
    ),
    power,
    apparent_power: round(sum(phases.map(({ current, voltage }) => current * voltage)), 2),
    power_basis: powerBasis(options),
    energy: round(next.energy, 9),
    interval_energy: round(interval.energy, 9),
    price,
    cost: round(next.cost, 9),
    interval_cost: round(interval.cost, 9),
    tariff: period,
    quality: options.simulated ? 'simulated' : sample.counter ? 'counted' : 'measured',
    ...gap?.fields,
    ...(estimated.energy > 0
      ? { estimated_energy: round(estimated.energy, 9), estimated_cost: round(estimated.cost, 9) }
      : {}),
  };
  return { reading, state: next, notes };
}

/** Why there were no readings for so long; undefined where that was not long. */
function gapCause(
  { silence, unmetered, missing, anew }: Metered,
  at: Moment,
  last: Moment | undefined,
  sample: Sample,
  options: AccountOptions,
): GapCause | undefined {
  // The device's own slow pace is no gap.
  const complete = missing === 0 && unmetered === 0;
  // Across two processes, only a device that counts knows what was between them.
  const unknown = last === undefined && !sample.counter && silence > 0;
  if (!unknown && (silence * 1000 <= options.maxGap || complete)) return undefined;
  if (last === undefined) return 'reader';
  return anew ? 'device' : (at.missed ?? 'silence');
}

/** Slowly follows what readings take, so that one that came late does not change it. */
function cadenceOf(interval: number, missing = 0, before = interval / (missing + 1)): number | undefined {
  if (interval === 0) return before || undefined;
  return round(before + (interval / (missing + 1) - before) / 10, 3);
}

function clockStep(at: Moment, last: Moment | undefined): Notes {
  if (last === undefined) return {};
  const step = at.now - last.now - (at.monotonic - last.monotonic);
  return Math.abs(step) > CLOCK_STEP ? { clockStepMs: step } : {};
}

/** Two readings never share a millisecond; a clock that stepped back by more than a second is believed. */
function freshTime(now: number, before: number | undefined): number {
  return before !== undefined && now <= before && before - now < CLOCK_STEP ? before + 1 : now;
}

/** Nominal volts times amperes is apparent power, and is called so unless every phase names its power factor. */
function powerBasis({ phases }: AccountOptions): Reading['power_basis'] {
  return phases.every(({ power_factor }) => power_factor !== undefined) ? 'power_factor' : 'apparent';
}
