import type { Counter } from '../decoders/decoder.ts';
import type { Bill, Flow } from '../tariff/pricing.ts';
import type { RegisterMemory } from './registers.ts';
import type { Volumes } from './volumes.ts';

/** When a sample was decoded. */
export interface Moment {
  /** Wall clock, ms since 1970 UTC. */
  now: number;
  /** Monotonic clock, ms. */
  monotonic: number;
  /** What kept samples away since the one before. */
  missed?: 'port' | 'rejects';
}

/** A sample's time, and that of the last reading of this process; undefined before its first. */
export interface When {
  at: Moment;
  last: Moment | undefined;
}

/** What must outlive the process; stored in the same transaction as the reading it belongs to. */
export interface AccountState {
  /** kWh taken in. */
  energy: number;
  /** Currency. */
  cost: number;
  /** What was fed out, kWh, and earned, currency; absent until the meter has told or shown that it can. */
  exported?: { energy: number; credit: number };
  /** Currency that time alone has cost; absent where it costs nothing. */
  fixed?: number;
  /** What tiers are counted by. */
  bill?: Bill;
  /** W, of the last reading. */
  power?: number;
  /** Seconds since the meter itself told its power, where it does not do so each time. */
  untold?: number;
  /** Wall clock of the last reading, ms since 1970 UTC. */
  time?: number;
  /** Seconds between two readings, usually. */
  cadence?: number;
  /** What our firmware counted. */
  counter?: Counter;
  /** How far the meter's registers are counted. */
  registers?: RegisterMemory;
  /** What nobody counted, never part of `energy` and `cost`: kWh and currency. */
  estimated?: { energy: number; cost: number };
  /** Gas and water. */
  volumes?: Volumes;
  /** Fields that its readings have carried, beyond those that any of its kind does. */
  fields?: string[];
}

/** What a reader of the diagnostics wants to know about one sample. */
export interface Notes {
  /** Seconds without readings, when they were too many. */
  gapSeconds?: number;
  /** Seconds that nobody metered. */
  unmeteredSeconds?: number;
  /** Milliseconds the wall clock jumped since the last sample. */
  clockStepMs?: number;
  /** The sample's counts went back a little: it was seen before. */
  stale?: true;
  /** The counts grew faster than any current, or any clock, could make them; counting begins anew from here. */
  implausible?: true;
}

/** What happened since the last sample. */
export interface Metered {
  /** Seconds that `flow` took. */
  seconds: number;
  /** kWh in and out. */
  flow: Flow;
  /** Seconds that each of them took, where a coarse register had held it back for longer. */
  over?: Flow;
  /** W, mean, of a meter that tells nothing but its registers. */
  watts?: number;
  /** Seconds since the last reading, by whichever clock saw more of them. */
  silence: number;
  /** Seconds of them whose energy nobody counted, and nobody will. */
  unmetered: number;
  /** Readings that the device made and we did not, where it numbers them. */
  missing?: number;
  /** The device counts by itself: what was not read is not lost. */
  counts: boolean;
  /** It tells what is fed out. */
  exports?: true;
  /** The device began to count anew, or is another. */
  anew?: true;
  /** How far it is counted now. */
  memory: Pick<AccountState, 'counter' | 'registers'>;
  notes: Notes;
}

/** Seconds the wall clock may be wrong when a process starts: small computers have no battery to keep it. */
export const CLOCK_TRUST = 3600;

/** Host time since the last reading: monotonic within a process, the wall clock across two; never negative. */
export function secondsSince({ at, last }: When, time: number | undefined): number {
  if (last !== undefined) return (at.monotonic - last.monotonic) / 1000;
  return Math.max(0, (at.now - (time ?? at.now)) / 1000);
}

/** The same at most: while the host is suspended the monotonic clock stands still, and the wall clock does not. */
export function mostSecondsSince(when: When, time: number | undefined): number {
  return Math.max(secondsSince(when, time), (when.at.now - (time ?? when.at.now)) / 1000);
}
