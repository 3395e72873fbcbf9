import type { Counter, Sample } from './decoders/decoder.ts';

const U32 = 2 ** 32;
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

/** When a sample was decoded. */
export interface Moment {
  /** Wall clock, ms since 1970 UTC. */
  now: number;
  /** Monotonic clock, ms. */
  monotonic: number;
  /** What kept samples away since the one before. */
  missed?: 'port' | 'rejects';
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

/** The last reading. */
export interface Before {
  /** The device's counts. */
  counter?: Counter;
  /** Wall clock, ms since 1970 UTC. */
  time?: number;
}

export interface Limits {
  /** A, per phase. */
  maxCurrent: number;
  /** ms. */
  maxGap: number;
}

/** What happened since the last sample. */
export interface Metered {
  /** Seconds that `coulombs` took. */
  seconds: number;
  /** The charge of each phase. */
  coulombs: number[];
  /** Seconds since the last reading, by whichever clock saw more of them. */
  silence: number;
  /** Seconds of them whose energy nobody counted, and nobody will. */
  unmetered: number;
  /** Readings that the device made and we did not, where it numbers them. */
  missing?: number;
  /** The device began to count anew, or is another. */
  anew?: true;
  notes: Notes;
}

/** Charge between two samples of a device that does not count: its present current, over our own time. */
export function meteredByHost(
  sample: Sample,
  at: Moment,
  last: Moment | undefined,
  state: Before,
  options: Limits,
): Metered {
  const silence = secondsSince(at, last, state);
  if (last === undefined || silence * 1000 > options.maxGap) {
    const coulombs = sample.phases.map(() => 0);
    const notes = silence > 0 ? { unmeteredSeconds: silence } : {};
    return { seconds: 0, coulombs, silence, unmetered: silence, notes };
  }
  const coulombs = sample.phases.map(({ current = 0 }) => current * silence);
  return { seconds: silence, coulombs, silence, unmetered: 0, notes: {} };
}

/** Charge as the device counted it, over the device's own time. */
export function meteredByDevice(
  counter: Counter,
  at: Moment,
  last: Moment | undefined,
  state: Before,
  options: Limits,
): Metered {
  const before = state.counter;
  const hostSeconds = secondsSince(at, last, state);
  const nothing: Metered = {
    seconds: 0,
    coulombs: counter.ampereSeconds.map(() => 0),
    silence: hostSeconds,
    unmetered: hostSeconds,
    notes: {},
  };
  // Met for the first time: what it counted before is not ours to charge.
  if (before === undefined) return nothing;

  const continues = counter.boot === before.boot && counter.seq > before.seq;
  if (counter.boot === before.boot && !continues && before.seq - counter.seq < STALE_LINES)
    return { ...nothing, notes: { stale: true } };

  // After a new start the counts themselves are what was metered since.
  const seconds = (continues ? grown(counter.meteredMs, before.meteredMs) : counter.meteredMs) / 1000;
  const coulombs = counter.ampereSeconds.map((count, index) =>
    continues ? grown(count, before.ampereSeconds[index] ?? 0) : count,
  );
  // While the host is suspended the monotonic clock stands still, and the wall clock does not.
  const away = Math.max(hostSeconds, (at.now - (state.time ?? at.now)) / 1000);
  // What began anew since the last sample cannot have metered for longer: else it is another device, or
  // a damaged line whose checksum fits.
  const mostSeconds = continues ? seconds : away + CLOCK_TRUST;
  // The device's milliseconds wrap after 49 days away; its charge does not.
  const mostCharge = options.maxCurrent * Math.max(seconds, away) * COUNTER_SLACK + 1;
  const anew = continues ? {} : { anew: true as const };
  if (seconds > mostSeconds || coulombs.some((charge) => charge > mostCharge))
    return { ...nothing, ...anew, notes: { implausible: true } };

  const short = hostSeconds - seconds;
  const missed = short > Math.max(UNMETERED_SLACK, seconds * DRIFT);
  return {
    seconds,
    coulombs,
    silence: Math.max(hostSeconds, seconds),
    unmetered: missed ? short : 0,
    ...(continues ? { missing: counter.seq - before.seq - 1 } : anew),
    notes: missed ? { unmeteredSeconds: short } : {},
  };
}

/** Growth of a u32 that may have wrapped once. */
function grown(now: number, before: number): number {
  return (now - before + U32) % U32;
}

/** Host time since the last sample: monotonic within a process, the wall clock across two; never negative. */
function secondsSince(at: Moment, last: Moment | undefined, state: Before): number {
  if (last !== undefined) return (at.monotonic - last.monotonic) / 1000;
  return Math.max(0, (at.now - (state.time ?? at.now)) / 1000);
}
