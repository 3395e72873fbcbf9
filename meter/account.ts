import { round } from '../shared/round.ts';
import { isOptionalField, type Reading, type UnnumberedReading } from '../shared/wire.ts';
import { costsOf, type Priced } from './account/costs.ts';
import { cadenceOf, gapCause, gapOf } from './account/gap.ts';
import { type AccountLimits, metered as meter } from './account/kind.ts';
import { type AccountState, type Metered, type Notes, secondsSince, type When } from './account/metered.ts';
import { electricalOf } from './account/phases.ts';
import { isEmpty, measuredFields } from './account/reading.ts';
import { totalFields, totalsAfter } from './account/totals.ts';
import { volumeFields, volumesOf } from './account/volumes.ts';
import type { Sample } from './decoders/decoder.ts';
import type { Correction } from './tariff/dynamic/corrections.ts';
import type { Pricing } from './tariff/pricing.ts';

export type { AccountState, Moment, Notes } from './account/metered.ts';

/** Milliseconds; the wall clock and the monotonic one part by more than this only in a step. */
const CLOCK_STEP = 1000;
/** Seconds that the meter's last word on its power stands for the present. */
const POWER_HOLDS = 60;
/** Fields that are remembered, beyond those that its kind promises. */
const MOST_FIELDS = 48;

export interface AccountOptions extends AccountLimits {
  pricing: Pricing;
  simulated: boolean;
  /** Fields that its readings carry in any case; others are remembered once they did. */
  promised?: readonly string[];
}

/** When a sample came, and what came to pass before it. */
export interface Occasion extends When {
  /** Of prices that the account has charged before. */
  correction?: Correction | undefined;
}

export interface Accounted {
  /** Missing when the sample makes no reading. */
  reading?: UnnumberedReading;
  state: AccountState;
  notes: Notes;
  /** What was priced now, and may be corrected later. */
  priced: Priced[];
}

/**
 * Makes a reading of a sample: power, energy, price and cost.
 *
 * Where the meter counts, charge or energy, what flowed is what it counted, however long nobody read it.
 * Where it does not, it is the present power over the time since the last sample; a longer silence than
 * `maxGap`, or one across two processes, is not charged but estimated, apart from the totals. Time between
 * samples is monotonic, so a clock step changes no energy.
 *
 * A reading after a gap covers no interval: what was counted meanwhile is the gap's.
 *
 * @param sample calibrated.
 */
export function account(
  sample: Sample,
  occasion: Occasion,
  state: AccountState,
  options: AccountOptions,
): Accounted {
  if (isEmpty(sample)) return { state, notes: {}, priced: [] };
  const { pricing, phases, simulated, promised = [] } = options;
  const { at, correction } = occasion;
  const elapsed = secondsSince(occasion, state.time);
  const electrical = electricalOf(sample, phases);
  const held = electrical.power === undefined ? heldPower(state, elapsed) : undefined;
  const watts = electrical.power ?? held?.power;
  const metered = meter(sample, watts, occasion, state, options);
  const notes = { ...metered.notes, ...clockStep(occasion) };
  if (notes.stale) return { state, notes, priced: [] };

  const power = round(watts ?? metered.watts ?? 0, 2);
  const time = freshTime(at.now, state.time);
  const costs = costsOf(metered, { elapsed, time }, state, pricing);
  const exports =
    state.exported !== undefined || power < 0 || metered.exports === true || metered.flow.export > 0;
  const cause = gapCause(metered, occasion, options.maxGap);
  const gap = cause && gapOf(metered, { cause, costs, power, time, exports }, state, pricing);
  if (gap) notes.gapSeconds = metered.silence;

  const volumes = volumesOf(sample, state.volumes);
  const addition = { flow: metered.flow, costs, estimated: gap?.estimated, correction, exports };
  const totals = totalsAfter(state, addition);
  const reading: UnnumberedReading = {
    time: new Date(time).toISOString(),
    interval: gap ? 0 : round(metered.seconds, 3),
    ...measuredFields(sample, electrical, phases),
    ...volumeFields(sample, volumes),
    power,
    power_basis: electrical.power === undefined ? 'measured' : electrical.basis,
    ...totalFields(totals, addition, pricing.at(time, totals.bill), gap !== undefined),
    quality: qualityOf(sample, metered, simulated),
    ...gap?.fields,
  };
  const cadence = gap ? state.cadence : cadenceOf(metered, state.cadence);
  const fields = fieldsAfter(state.fields, reading, promised);
  const next: AccountState = {
    ...totals,
    time,
    power,
    ...(held && { untold: held.untold }),
    ...(cadence === undefined ? {} : { cadence }),
    ...metered.memory,
    ...(volumes && { volumes }),
    ...(fields && { fields }),
  };
  return { reading, state: next, notes, priced: costs.priced };
}

function qualityOf({ estimated }: Sample, { counts }: Metered, simulated: boolean): Reading['quality'] {
  if (simulated) return 'simulated';
  if (estimated) return 'estimated';
  return counts ? 'counted' : 'measured';
}

/** The power that the meter told last, as long as it may stand for the present, when a sample tells none. */
function heldPower({ power, untold }: AccountState, elapsed: number): { power?: number; untold: number } {
  const seconds = power === undefined ? POWER_HOLDS + 1 : Math.min((untold ?? 0) + elapsed, POWER_HOLDS + 1);
  return power === undefined || seconds > POWER_HOLDS ? { untold: seconds } : { power, untold: seconds };
}

/** What its readings carry beyond the promised; the same list as long as nothing is new. */
function fieldsAfter(
  before: string[] | undefined,
  reading: UnnumberedReading,
  promised: readonly string[],
): string[] | undefined {
  const known = before ?? [];
  const news = Object.keys(reading).filter(
    (name) => isOptionalField(name) && !promised.includes(name) && !known.includes(name),
  );
  return news.length > 0 && known.length < MOST_FIELDS ? [...known, ...news].slice(0, MOST_FIELDS) : before;
}

function clockStep({ at, last }: When): Notes {
  if (last === undefined) return {};
  const step = at.now - last.now - (at.monotonic - last.monotonic);
  return Math.abs(step) > CLOCK_STEP ? { clockStepMs: step } : {};
}

/** Two readings never share a millisecond; a clock that stepped back by more than a second is believed. */
function freshTime(now: number, before: number | undefined): number {
  return before !== undefined && now <= before && before - now < CLOCK_STEP ? before + 1 : now;
}
