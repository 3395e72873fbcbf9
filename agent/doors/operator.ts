import type { Log } from '../../shared/log.ts';
import type { Time } from '../../shared/time.ts';
import { drill } from '../guard/drill.ts';
import type { Guard } from '../guard/guard.ts';
import type { Holds } from '../guard/hold.ts';
import type { Incident, Moment } from '../guard/incident.ts';
import type { Incidents } from '../guard/incidents.ts';
import type { Wards } from '../guard/wards.ts';
import type { Meters } from '../meters.ts';
import type { Verdict } from '../watch/verdict.ts';
import type { Demand, Forgotten, Operations, WatchStatus } from './operations.ts';

interface Deps {
  wards: Wards;
  holds: Holds;
  incidents: Incidents;
  meters: Pick<Meters, 'get' | 'forget'>;
  time: Time;
  log: Log;
}

/** What may be asked from outside, done with what there is inside. */
export class Operator implements Operations {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  watches(): WatchStatus[] {
    const { wards, holds, time } = this.#deps;
    return [...wards.guards()].map(({ ward: { name, topics, healer }, verdict }) => {
      const until = holds.held(name, time.now())?.until;
      return {
        name,
        topics: [...topics],
        verdict,
        ...(healer ? { target: healer.target } : {}),
        ...(until === undefined ? {} : { heldUntil: until }),
      };
    });
  }

  incidents(limit: number): Incident[] {
    return this.#deps.incidents.newest(limit);
  }

  find(name: string): string | undefined {
    return this.#deps.wards.find(name);
  }

  restart(watch: string, { force, by }: { force: boolean; by: string }): Demand {
    const guard = this.#guard(watch);
    if (guard === undefined || guard.ward.healer === undefined)
      return { result: 'nothing-to-restart', sentence: `nothing may be restarted for ${watch}` };
    const { verdict } = guard;
    if (verdict.state === 'held') return { result: 'held', sentence: verdict.sentence };
    if (!force && !isSuspicious(verdict))
      return { result: 'refused', sentence: `${watch} is ${verdict.state}: ${verdict.sentence}` };
    this.#deps.log.info({ watch, by, force }, 'a restart is asked for');
    guard.demand(by);
    return { result: 'begun', sentence: verdict.sentence };
  }

  hold(watch: string, forMs: number, by: string): number {
    const until = this.#deps.time.now() + forMs;
    this.#deps.holds.hold(watch, until, by);
    this.#deps.log.info({ watch, by, until: new Date(until) }, 'held: it is left alone until then');
    return until;
  }

  release(watch: string, by: string): void {
    this.#deps.holds.release(watch);
    this.#deps.log.info({ watch, by }, 'released');
  }

  forget(name: string, by: string): Forgotten {
    const { meters, log } = this.#deps;
    const meter = meters.get(name);
    if (meter === undefined) return { result: 'unknown', sentence: `there is no meter ${name}` };
    if (meter.online === true)
      return { result: 'online', sentence: `${name} is online: it would be known again at once` };
    log.info({ meter: name, by }, 'a meter is to be forgotten');
    meters.forget(name);
    return { result: 'forgotten', sentence: `${name} is forgotten; what it measured stays in the journal` };
  }

  async *drill(watch: string, by: string, signal: AbortSignal): AsyncGenerator<Moment> {
    const guard = this.#guard(watch);
    if (guard === undefined) return;
    this.#deps.log.info({ watch, by }, 'a fire drill begins');
    yield* drill(guard, this.#deps.time, signal);
  }

  #guard(watch: string): Guard | undefined {
    return this.#deps.wards.get(watch);
  }
}

/** Whether our own evidence agrees that something is wrong. */
function isSuspicious({ state }: Verdict): boolean {
  return state === 'suspect' || state === 'stalled';
}
