import { existsSync } from 'node:fs';
import type { Log } from '../shared/log.ts';
import type { Settings } from '../shared/settings/schema.ts';
import type { Time } from '../shared/time.ts';
import type { Wards } from './guard/wards.ts';
import type { Which } from './heal/engine.ts';
import type { Healer } from './heal/healer.ts';
import type { Observer } from './watch/observer.ts';

/** A Docker engine, as far as the agent uses one. */
export interface Docker {
  /** @param stopTimeoutS whole seconds its container gets to stop; undefined for the setting of all. */
  healer(which: Which, stopTimeoutS: number | undefined): Healer;
  /** Tells the wards of their containers, and the observer of the engine's slowness, until the signal aborts. */
  follow(wards: Wards, observer: Observer, signal: AbortSignal): Promise<void>;
}

/** @returns undefined where there is none: then a stall is told, and nothing is restarted. */
export async function openDocker(
  settings: Settings['agent']['docker'],
  { time, log }: { time: Time; log: Log },
): Promise<Docker | undefined> {
  const { socket, stop_timeout, paused } = settings;
  if (!socket.startsWith('tcp://') && !existsSync(socket)) {
    log.info({ socket }, 'no Docker socket there: no container is restarted');
    return undefined;
  }
  // Docker's client is the largest part of all: nobody pays for it who has nothing to restart with it.
  const [{ connect }, { dockerHealer }, { EndedRuns }, { followContainers }] = await Promise.all([
    import('./heal/engine.ts'),
    import('./heal/docker.ts'),
    import('./heal/ended-runs.ts'),
    import('./heal/containers.ts'),
  ]);
  const engine = connect(socket, time);
  const endedRuns = new EndedRuns();
  return {
    healer: (which, stopTimeoutS = stop_timeout) =>
      dockerHealer({ which, stopTimeoutS, paused }, { engine, endedRuns, time, log }),
    follow: (wards, observer, signal) =>
      followContainers(engine, { endedRuns, names: wards.containerNames(), time, log }, signal, {
        changed: (container) => wards.sees(container),
        gone: (id) => wards.gone(id),
        engine(state) {
          if ('latency' in state) observer.engineAnswered(state.latency, time.monotonic());
        },
      }),
  };
}
