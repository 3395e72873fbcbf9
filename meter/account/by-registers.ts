import { round } from '../../shared/round.ts';
import type { Flow } from '../tariff/pricing.ts';
import { JOULES_PER_KWH, NO_FLOW } from './energy.ts';
import {
  type AccountState,
  CLOCK_TRUST,
  type Metered,
  mostSecondsSince,
  secondsSince,
  type When,
} from './metered.ts';
import {
  type Growth,
  growthOf,
  type Most,
  type RegisterMemory,
  type Scale,
  type Ticks,
  type Told,
} from './registers.ts';

/** Seconds that a register may be older than the telegram that tells it. */
const LAG = 10;
/** Growth by no more than this many of its smallest steps may have been due for as long as it stood still. */
const COARSE_STEPS = 1.5;
/** Seconds between two updates of the registers in the meter itself; some make them every quarter of an hour. */
const LONGEST_UPDATE = 3600;
/** Seconds; what passes beyond them between two samples is no time in which the meter kept its registers back. */
const LONGEST_PAUSE = 60;
/** Seconds of samples without registers, after which there are none any more. */
const GIVE_UP = 3600;
const STILL: Ticks = { idle: 0, kWh: 0, watts: 0 };

interface Options {
  /** W that the house can draw or feed out at most. */
  mostWatts: number;
  scale: Scale;
}

/**
 * Energy as the meter's own registers grew, however long nobody read them. A sample that tells none loses
 * nothing: the next one that does makes up for it.
 *
 * What cannot follow from the registers before is not charged, and counting begins anew from it, unless the
 * next sample shows that it was only a damaged or a late one.
 */
export function meteredByRegisters(
  told: Told | undefined,
  when: When,
  state: AccountState,
  { mostWatts, scale }: Options,
): Metered {
  const before = state.registers;
  const silence = secondsSince(when, state.time);
  const nothing: Metered = {
    seconds: 0,
    flow: NO_FLOW,
    silence,
    unmetered: 0,
    counts: true,
    ...(told && tellsExport(told, scale) && { exports: true }),
    memory: {},
    notes: {},
  };
  if (before === undefined)
    return told === undefined
      ? nothing
      : { ...nothing, unmetered: silence, memory: { registers: firstContact(told) } };
  const waited: RegisterMemory = {
    ...before,
    waited: before.waited + silence,
    ticks: { import: idle(before.ticks.import, silence), export: idle(before.ticks.export, silence) },
    ...(before.suspect ? { suspect: { ...before.suspect, waited: before.suspect.waited + silence } } : {}),
  };
  if (told === undefined) {
    const untold = before.untold + Math.min(silence, LONGEST_PAUSE);
    return { ...nothing, watts: wattsOf(waited.ticks), memory: { registers: { ...waited, untold } } };
  }

  // While a host is suspended its clock stands still; and a process may have begun with a wrong one.
  const unseen = mostSecondsSince(when, state.time) - silence + LAG;
  const limitWith =
    (trust: number): Limit =>
    (seconds) =>
      (mostWatts * (seconds + unseen + trust)) / JOULES_PER_KWH;
  const limit = limitWith(when.last === undefined ? CLOCK_TRUST : 0);

  // What needs no wrong clock is likelier: where the power was gone, the device began anew, too.
  const growthWithin = (most: Limit) => growthOf(before, told, mostGrowth(waited, most, scale), scale);
  const growth = growthWithin(limitWith(0)) ?? growthWithin(limit);
  if (growth) return { ...nothing, ...counted(growth, told, waited, limit) };
  const { suspect } = waited;
  const afterSuspect = { ...waited, ...suspect };
  const most = limit(afterSuspect.waited);
  const anew = suspect && growthOf(suspect, told, { import: most, export: most, told: most }, scale);
  if (anew) return { ...nothing, ...counted(anew, told, afterSuspect, limit), anew: true };
  const another = isAnother(told, before);
  return {
    ...nothing,
    unmetered: silence,
    anew: true,
    watts: wattsOf(waited.ticks),
    memory: { registers: { ...waited, suspect: { ...told, waited: 0 } } },
    notes: another ? {} : { implausible: true },
  };
}

/** Whether a meter that tells no registers just now will tell them again. */
export function isCounting({ registers }: AccountState): boolean {
  return registers !== undefined && registers.untold < GIVE_UP;
}

function tellsExport({ values }: Told, { swapped }: Scale): boolean {
  return values[swapped ? 'import' : 'export'] !== undefined;
}

const isAnother = (told: Told, before: Told) =>
  told.device !== undefined && before.device !== undefined && told.device !== before.device;

function firstContact(told: Told): RegisterMemory {
  return { ...told, waited: 0, untold: 0, ticks: { import: STILL, export: STILL } };
}

/** kWh that can flow at most in so many seconds. */
type Limit = (seconds: number) => number;

/** What stood still may make up for as long as some meters leave their registers alone. */
function mostGrowth({ waited, ticks }: RegisterMemory, limit: Limit, { swapped }: Scale): Most {
  const [inward, outward] = swapped ? [ticks.export, ticks.import] : [ticks.import, ticks.export];
  const since = ({ idle, lag = 0 }: Ticks) => limit(Math.max(waited, Math.min(idle + lag, LONGEST_UPDATE)));
  return { import: since(inward), export: since(outward), told: limit(waited) };
}

function counted({ flow, resolution, values }: Growth, told: Told, from: RegisterMemory, limit: Limit) {
  const device = told.device ?? from.device;
  const ticks = {
    import: moved(from.ticks.import, flow.import, from.waited),
    export: moved(from.ticks.export, flow.export, from.waited),
  };
  const over = (direction: keyof Flow) => {
    const isDue = flow[direction] <= COARSE_STEPS * resolution[direction];
    const isLate = flow[direction] > limit(from.waited);
    return isDue || isLate ? Math.max(from.ticks[direction].idle, from.waited) : from.waited;
  };
  const registers: RegisterMemory = {
    ...(device === undefined ? {} : { device }),
    values,
    waited: 0,
    untold: 0,
    ticks,
  };
  return {
    seconds: from.waited,
    flow,
    over: { import: over('import'), export: over('export') },
    watts: wattsOf(ticks),
    memory: { registers },
  };
}

function idle(ticks: Ticks, seconds: number): Ticks {
  return { ...ticks, idle: round(ticks.idle + seconds, 3) };
}

function moved(ticks: Ticks, kWh: number, lag: number): Ticks {
  if (kWh === 0) return ticks;
  // The first step that is seen began before we looked.
  const known = ticks.kWh > 0 && ticks.idle > 0;
  const watts = known ? round((kWh * JOULES_PER_KWH) / ticks.idle, 2) : 0;
  return { idle: 0, lag: round(lag, 3), kWh: round(kWh, 6), watts };
}

/** The mean since the registers last moved; what stands still draws less and less. */
function wattsOf({ import: taken, export: fed }: RegisterMemory['ticks']): number {
  return meanOf(taken) - meanOf(fed);
}

function meanOf({ idle, kWh, watts }: Ticks): number {
  return idle > 0 ? Math.min(watts, (kWh * JOULES_PER_KWH) / idle) : watts;
}
