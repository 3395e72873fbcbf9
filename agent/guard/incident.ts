import type { HealStep } from '../heal/healer.ts';
import type { Cause, Evidence } from '../watch/verdict.ts';

/** One stall, from the last message before it to its recovery. Times are wall clock, ms since 1970 UTC. */
export interface Incident {
  id: number;
  watch: string;
  /** When the last sign of life before it came. */
  began: number;
  /** When it was judged a stall. */
  detected: number;
  cause: Cause;
  /** What convicted, in words, and as data. */
  verdict: string;
  evidence: Evidence;
  /** Oldest first. */
  tries: Try[];
  /** Why a person is needed, from when on that is so. */
  help?: { at: number; why: string };
  /** When the first fresh message came after the last try. */
  firstMessage?: number;
  /** When fresh messages had proved that it is over. */
  recovered?: number;
  loss?: Loss;
  /** Why nobody waits for its recovery any more, from when on that is so. */
  withdrawn?: { at: number; why: string };
  /** Somebody froze it on purpose, to see it healed. */
  drill?: true;
  /** The incident of the same target that was open before: one freeze of a process stalls all of its meters. */
  partOf?: Pick<Incident, 'id' | 'watch'>;
}

/** What can be done to bring a target back. */
export type Rung = 'reopen' | 'restart' | 'reset-usb';

/** One attempt to heal. */
export interface Try {
  at: number;
  rung: Rung;
  /** Such as `container wattdog-meter-1`. */
  target: string;
  /** `begun` stays only where the agent ended before it knew. */
  result: 'begun' | 'running' | 'respected' | 'failed';
  /** What was found, or why it failed. */
  detail: string;
  steps: HealStep[];
}

/** What an incident cost. */
export interface Loss {
  /** Readings that would have come, at the usual cadence. */
  readings: number;
  /** Seconds without a stored reading. */
  seconds: number;
  /** kWh that nobody counted; 0 where the meter went on counting; an estimate otherwise. */
  energy: number;
}

/** One moment of an incident, as it happens. */
export interface Moment {
  /** ms since 1970 UTC. */
  at: number;
  what:
    | 'frozen'
    | 'suspected'
    | 'convicted'
    | 'healing'
    | 'restarted'
    | 'respected'
    | 'failed'
    | 'first message'
    | 'verified'
    | 'help needed'
    | 'gave up waiting';
  detail: string;
}
