import type { MeterSettings } from '../shared/settings/schema.ts';
import type { Reading, UnnumberedReading } from '../shared/wire.ts';
import type { Counter, Sample } from './decoders/decoder.ts';
import type { Pricing } from './tariff.ts';

const U32 = 2 ** 32;
const JOULES_PER_KWH = 3_600_000;
/** A line that lags its predecessor by less than this is the same line seen late, not a device begun anew. */
const STALE_LINES = 16;
/** A resonator and the host's clock drift apart by up to 0.5 %. */
const DRIFT = 0.005;
/** What a counter claims beyond this and the current limit is a fault. */
const COUNTER_SLACK = 1.05;
/** Seconds the wall clock may be wrong when a process starts: small computers have no battery to keep it. */
const CLOCK_TRUST = 3600;
/** Seconds the device may fall short of the host's clock before the difference is called unmetered. */
const UNMETERED_SLACK = 2;
/** Milliseconds; the wall clock and the monotonic one part by more than this only in a step. */
const CLOCK_STEP = 1000;

/** What must outlive the process; stored in the same transaction as the reading it belongs to. */
export interface AccountState {
  /** kWh. */
  energy: number;
  /** Currency. */
  cost: number;
  /** The device's last counts. */
  counter?: Counter;
  /** Wall clock of the last reading, ms. */
  time?: number;
}

/** When a sample was decoded. */
export interface Moment {
  /** Wall clock, ms since 1970 UTC. */
  now: number;
  /** Monotonic clock, ms. */
  monotonic: number;
}

/** What a reader of the diagnostics wants to know about one sample. */
export interface Notes {
  /** Seconds that nobody metered. */
  gapSeconds?: number;
  /** Milliseconds the wall clock jumped since the last sample. */
  clockStepMs?: number;
  /** The sample's counts went back a little: it was seen before. */
  stale?: true;
  /** The counts grew faster than any current, or any clock, could make them; counting begins anew from here. */
  implausible?: true;
}

export interface Accounted {
  /** Missing when the sample makes no reading. */
  reading?: UnnumberedReading;
  state: AccountState;
  notes: Notes;
}

export interface AccountOptions {
  phases: MeterSettings['phases'];
  /** A, per phase. */
  maxCurrent: number;
  /** ms. */
  maxGap: number;
  pricing: Pricing;
  simulated: boolean;
}

/** The charge of each phase since the last sample, and the seconds it took. */
interface Metered {
  seconds: number;
  coulombs: number[];
  notes: Notes;
}

/**
 * Makes a reading of a sample: power, energy, price and cost.
 *
 * Where the meter counts charge, energy is what it counted, however long nobody read it. Where it does
 * not, energy is the present current over the time since the last sample; a longer silence than `maxGap`,
 * or one across two processes, is a gap, and is not charged. Time between samples is monotonic, so a clock
 * step changes no energy.
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

  const phases = sample.currents.map((current, index) => {
    const { voltage = 0, power_factor } = options.phases[index] ?? {};
    const coulombs = metered.coulombs[index] ?? 0;
    const realVolts = voltage * (power_factor ?? 1);
    return { current, voltage, volts: realVolts, kWh: (coulombs * realVolts) / JOULES_PER_KWH };
  });
  const intervalEnergy = sum(phases.map(({ kWh }) => kWh));
  const time = freshTime(at.now, state.time);
  const { price, period } = options.pricing.at(time);
  const intervalCost = costOf(intervalEnergy, time, metered.seconds, options.pricing);
  const next: AccountState = {
    energy: state.energy + intervalEnergy,
    cost: state.cost + intervalCost,
    time,
    ...(sample.counter ? { counter: sample.counter } : {}),
  };

  const reading: UnnumberedReading = {
    time: new Date(time).toISOString(),
    interval: round(metered.seconds, 3),
    ...Object.fromEntries(
      phases.flatMap(({ current, voltage }, index) => [
        [`current_${index + 1}`, round(current, 3)],
        [`voltage_${index + 1}`, voltage],
      ]),
    ),
    power: round(sum(phases.map(({ current, volts }) => current * volts)), 2),
    apparent_power: round(sum(phases.map(({ current, voltage }) => current * voltage)), 2),
    power_basis: powerBasis(options),
    energy: round(next.energy, 9),
    interval_energy: round(intervalEnergy, 9),
    price,
    cost: round(next.cost, 9),
    interval_cost: round(intervalCost, 9),
    tariff: period,
    quality: options.simulated ? 'simulated' : sample.counter ? 'counted' : 'measured',
  };
  return { reading, state: next, notes };
}

/** Charge between two samples of a device that does not count: its present current, over our own time. */
function meteredByHost(
  sample: Sample,
  at: Moment,
  last: Moment | undefined,
  state: AccountState,
  options: AccountOptions,
): Metered {
  const seconds = secondsSince(at, last, state) ?? 0;
  if (last === undefined || seconds * 1000 > options.maxGap)
    return {
      seconds: 0,
      coulombs: sample.currents.map(() => 0),
      notes: seconds > 0 ? { gapSeconds: seconds } : {},
    };
  return { seconds, coulombs: sample.currents.map((current) => current * seconds), notes: {} };
}

/** Charge as the device counted it, over the device's own time. */
function meteredByDevice(
  counter: Counter,
  at: Moment,
  last: Moment | undefined,
  state: AccountState,
  options: AccountOptions,
): Metered {
  const before = state.counter;
  const nothing = counter.ampereSeconds.map(() => 0);
  // Met for the first time: what it counted before is not ours to charge.
  if (before === undefined) return { seconds: 0, coulombs: nothing, notes: {} };

  const continues = counter.boot === before.boot && counter.seq > before.seq;
  if (counter.boot === before.boot && !continues && before.seq - counter.seq < STALE_LINES)
    return { seconds: 0, coulombs: nothing, notes: { stale: true } };

  // After a new start the counts themselves are what was metered since.
  const seconds = (continues ? grown(counter.meteredMs, before.meteredMs) : counter.meteredMs) / 1000;
  const coulombs = counter.ampereSeconds.map((count, index) =>
    continues ? grown(count, before.ampereSeconds[index] ?? 0) : count,
  );
  const hostSeconds = secondsSince(at, last, state) ?? 0;
  // While the host is suspended the monotonic clock stands still, and the wall clock does not.
  const away = Math.max(hostSeconds, (at.now - (state.time ?? at.now)) / 1000, 0);
  // What began anew since the last sample cannot have metered for longer: else it is another device, or
  // a damaged line whose checksum fits.
  const mostSeconds = continues ? seconds : away + CLOCK_TRUST;
  // The device's milliseconds wrap after 49 days away; its charge does not.
  const mostCharge = options.maxCurrent * Math.max(seconds, away) * COUNTER_SLACK + 1;
  if (seconds > mostSeconds || coulombs.some((charge) => charge > mostCharge))
    return { seconds: 0, coulombs: nothing, notes: { implausible: true } };

  const missing = hostSeconds - seconds;
  const slack = Math.max(UNMETERED_SLACK, seconds * DRIFT);
  return { seconds, coulombs, notes: missing > slack ? { gapSeconds: missing } : {} };
}

/** Growth of a u32 that may have wrapped once. */
function grown(now: number, before: number): number {
  return (now - before + U32) % U32;
}

/** Host time since the last sample: monotonic within a process, the wall clock across two. */
function secondsSince(at: Moment, last: Moment | undefined, state: AccountState): number | undefined {
  if (last !== undefined) return (at.monotonic - last.monotonic) / 1000;
  return state.time === undefined ? undefined : (at.now - state.time) / 1000;
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

function costOf(kWh: number, time: number, seconds: number, pricing: Pricing): number {
  if (kWh === 0) return 0;
  const slices = pricing.split(time - seconds * 1000, time);
  if (slices.length === 0) return kWh * pricing.at(time).price;
  const whole = seconds * 1000;
  return sum(slices.map(({ from, to, price }) => (kWh * price * (to - from)) / whole));
}

/** Nominal volts times amperes is apparent power, and is called so unless every phase names its power factor. */
function powerBasis({ phases }: AccountOptions): Reading['power_basis'] {
  return phases.every(({ power_factor }) => power_factor !== undefined) ? 'power_factor' : 'apparent';
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
