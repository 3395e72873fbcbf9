import type { Incident, Moment } from '../guard/incident.ts';
import type { Verdict } from '../watch/verdict.ts';

/** One watch, as people and programs outside see it. */
export interface WatchStatus {
  name: string;
  topics: string[];
  verdict: Verdict;
  /** What would be restarted, where anything may be. */
  target?: string;
  /** Until when it is left alone, ms since 1970 UTC. */
  heldUntil?: number;
}

/** What became of a demand to restart. */
export interface Demand {
  /** `begun`: it is being healed; `refused`: our own evidence says it is well; `held`: somebody wants it left alone. */
  result: 'begun' | 'refused' | 'held' | 'nothing-to-restart';
  /** Why, in words. */
  sentence: string;
}

/** What became of a wish to forget a meter. */
export interface Forgotten {
  /** `online`: it is there, and would be known again at once. */
  result: 'forgotten' | 'online' | 'unknown';
  /** Why, in words. */
  sentence: string;
}

/** All that may be asked of the agent from outside, by whichever door. */
export interface Operations {
  watches(): WatchStatus[];
  /** The newest first. */
  incidents(limit: number): Incident[];
  /** @returns the name of the watch that is meant: its own name, or that of its container; undefined if none. */
  find(name: string): string | undefined;
  /** @param force restarts even what our own evidence calls healthy. `by`: who asks, for the record. */
  restart(watch: string, demand: { force: boolean; by: string }): Demand;
  /** @param forMs how long it is left alone, from now. @returns until when, ms since 1970 UTC. */
  hold(watch: string, forMs: number, by: string): number;
  release(watch: string, by: string): void;
  /** Lets go of a meter that is there no more; what it measured stays in the journal. */
  forget(meter: string, by: string): Forgotten;
  /** Freezes the target for real and tells what happens until it is verified or the signal aborts. @throws RetryError, GiveUpError */
  drill(watch: string, by: string, signal: AbortSignal): AsyncIterable<Moment>;
}
