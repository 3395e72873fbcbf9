import type { Counter } from '../decoders/decoder.ts';
import { flowOf, JOULES_PER_KWH, NO_FLOW, sum } from './energy.ts';
import {
  type AccountState,
  CLOCK_TRUST,
  type Metered,
  mostSecondsSince,
  secondsSince,
  type When,
} from './metered.ts';

const U32 = 2 ** 32;
/** A line that lags its predecessor by less than this is the same line seen late, not a device begun anew. */
const STALE_LINES = 16;
/** A resonator and the host's clock drift apart by up to 0.5 %. */
const DRIFT = 0.005;
/** What a counter claims beyond this and the current limit is a fault. */
const COUNTER_SLACK = 1.05;
/** Seconds the device may fall short of the host's clock before the difference is called unmetered. */
const UNMETERED_SLACK = 2;

interface Options {
  /** A, per phase. */
  maxCurrent: number;
  /** W of a phase's mean current in A, signed. */
  wattsOf: (index: number, current: number) => number;
}

/** Energy of the charge that our firmware counted, over its own time; phases that flow in and out are netted. */
export function meteredByCounter(
  counter: Counter,
  when: When,
  state: AccountState,
  { maxCurrent, wattsOf }: Options,
): Metered {
  const before = state.counter;
  const hostSeconds = secondsSince(when, state.time);
  const nothing: Metered = {
    seconds: 0,
    flow: NO_FLOW,
    silence: hostSeconds,
    unmetered: hostSeconds,
    counts: true,
    memory: { counter },
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
  const away = mostSecondsSince(when, state.time);
  // What began anew since the last sample cannot have metered for longer: else it is another device, or
  // a damaged line whose checksum fits.
  const mostSeconds = continues ? seconds : away + CLOCK_TRUST;
  // The device's milliseconds wrap after 49 days away; its charge does not.
  const chargedSeconds = Math.max(seconds, away);
  const mostCharge = maxCurrent * chargedSeconds * COUNTER_SLACK + 1;
  const anew = continues ? {} : { anew: true as const };
  if (seconds > mostSeconds || coulombs.some((charge) => charge > mostCharge))
    return { ...nothing, ...anew, notes: { implausible: true } };

  const short = hostSeconds - seconds;
  const missed = short > Math.max(UNMETERED_SLACK, seconds * DRIFT);
  return {
    ...nothing,
    seconds,
    flow: flowOf(
      sum(coulombs.map((charge, index) => energyOf(charge, seconds, (mean) => wattsOf(index, mean)))),
    ),
    silence: Math.max(hostSeconds, seconds),
    unmetered: missed ? short : 0,
    ...(continues ? { missing: counter.seq - before.seq - 1 } : anew),
    notes: missed ? { unmeteredSeconds: short } : {},
  };
}

/** kWh, signed, of a charge in A·s over a time: through the mean current, as a sensor is calibrated by its current. */
function energyOf(charge: number, seconds: number, watts: (mean: number) => number): number {
  if (seconds === 0) return 0;
  return (watts(charge / seconds) * seconds) / JOULES_PER_KWH;
}

/** Growth of a u32 that may have wrapped once. */
function grown(now: number, before: number): number {
  return (now - before + U32) % U32;
}
