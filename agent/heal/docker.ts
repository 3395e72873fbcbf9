import { existsSync } from 'node:fs';
import { GiveUpError, RetryError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Time } from '../../shared/time.ts';
import { askAndSee, DEADLINES, type Deadlines, type Done, GoneError, isRunning, type Scene } from './act.ts';
import { carryOut } from './carry-out.ts';
import { type Circumstances, decide, describe, type Evidence, missingDevice } from './decide.ts';
import type { EndedRuns } from './ended-runs.ts';
import type { Ask, Engine, Listed, Which } from './engine.ts';
import { lastEvents } from './evidence.ts';
import type { Healer } from './healer.ts';

export interface DockerHealerOptions {
  /** The one container that this healer may touch. If its label made it ours, the label belongs here too. */
  which: Which;
  /** Whole seconds it gets to stop before it is killed. */
  stopTimeoutS: number;
  /** What to do when it is found paused. */
  paused: Circumstances['paused'];
}

export interface DockerHealerDeps {
  engine: Engine;
  /** Shared with `followContainers`, which must not take our ends for an operator's. */
  endedRuns: EndedRuns;
  time: Time;
  log: Log;
  deadlines?: Deadlines;
}

/**
 * Brings back one container of a Docker engine and touches no other. What the engine answers is not
 * trusted, only what it then shows of the container: it goes on with a restart after the client has
 * gone, and may leave the container stopped with its restart policy cancelled.
 */
export function dockerHealer(options: DockerHealerOptions, deps: DockerHealerDeps): Healer {
  const { engine, endedRuns, time, log, deadlines = DEADLINES } = deps;
  const { which, stopTimeoutS, paused } = options;
  const target = nameOf(which);
  /** The container that a drill of ours has paused. */
  let drilled: string | undefined;

  const find = async (signal: AbortSignal): Promise<Scene> => {
    const container = only(await engine.list(which, signal), target, engine.address);
    return { engine, container, time, deadlines, signal };
  };

  return {
    target,

    async heal({ frozen, ended = false }, signal) {
      const scene = await find(signal);
      const { container } = scene;
      const evidence = await gather(scene, endedRuns, drilled === container.id);
      const { inspected } = evidence;
      if (ended && inspected?.status === 'running')
        return { result: 'running', found: `it runs again since ${inspected.startedAt}`, steps: [] };
      const plan = decide(evidence, { frozen, paused });
      if (plan.action === 'respect') return { result: 'respected', found: plan.found, steps: [] };
      if (plan.action === 'wait') throw new RetryError(`healing ${target}: ${plan.found}`);

      const device = missingDevice(inspected?.startError ?? '');
      // Back, if it can be seen from here; now it settles: its rights are set, and a board boots.
      if (device !== undefined && existsSync(device)) await time.sleep(deadlines.device, signal);

      const run = inspected?.startedAt;
      try {
        const report = await carryOut(plan, run, scene, {
          stopTimeoutS,
          ending: () => run !== undefined && endedRuns.add(container.id, run),
          warn: (words) => log.warn({ target }, words),
        });
        drilled = undefined;
        return report;
      } catch (error) {
        if (!(error instanceof GoneError)) throw error;
        const others = await engine.list(which, signal);
        if (!others.some((other) => other.id !== container.id && isRunning(other))) throw error;
        const found = `${plan.found}; meanwhile it was removed, and a new one runs in its place`;
        return { result: 'running', found, steps: [] };
      }
    },

    async examine(signal) {
      try {
        const { id } = only(await engine.list(which, signal), target, engine.address);
        const stopped = (await engine.processes(id, signal))?.find(({ state }) => state === 'T');
        return stopped && describe(stopped);
      } catch {
        // Evidence that cannot be had accuses nobody; who wants to heal will hear why.
        return undefined;
      }
    },

    async freeze(signal) {
      const scene = await find(signal);
      const { id, status } = scene.container;
      if (status !== 'running') throw new RetryError(`freezing ${target}: must be running, is ${status}`);
      const [process, ...others] = (await engine.processes(id, signal)) ?? [];
      if (process !== undefined && others.length === 0) {
        const stopped = async () =>
          (await engine.processes(id, signal))?.every(({ state }) => state === 'T') === true;
        await freezeBy(scene, { verb: 'kill', signal: 'SIGSTOP' }, stopped);
        return `stopped its only process, ${process.pid} (${process.command}), with SIGSTOP`;
      }
      await freezeBy(scene, { verb: 'pause' }, ({ status }) => status === 'paused');
      drilled = id;
      return process === undefined
        ? 'paused it, for the engine does not show its processes'
        : `paused it, for it has ${others.length + 1} processes`;
    },
  };
}

/** @throws RetryError when it is not seen frozen; otherwise as `askAndSee` */
async function freezeBy(scene: Scene, ask: Ask, done: Done): Promise<void> {
  const { seen, last, error } = await askAndSee(scene, ask, scene.deadlines.pause, done);
  if (!seen)
    throw new RetryError(`freezing container ${scene.container.name}: must stand still, is ${last.status}`, {
      cause: error,
    });
}

/** What the plan depends on, and no more: each further question costs time while nothing is measured. */
async function gather(scene: Scene, endedRuns: EndedRuns, pausedByUs: boolean): Promise<Evidence> {
  const { engine, container, time, signal } = scene;
  const { id } = container;
  const inspected = await engine.inspect(id, signal);
  const status = inspected?.status ?? container.status;
  return {
    status,
    inspected,
    processes: inspected && status === 'running' ? await engine.processes(id, signal) : undefined,
    events: inspected && (await lastEvents(engine, id, inspected, time.now(), signal)),
    endedByUs: endedRuns.has(id, inspected?.startedAt),
    pausedByUs,
  };
}

function nameOf({ name, label }: Which): string {
  const labelled = label === undefined ? '' : ` labelled ${label}`;
  return name === undefined ? `the container${labelled}` : `container ${name}${labelled}`;
}

/** @throws GiveUpError unless there is exactly one: nobody may guess what to restart. */
function only(found: Listed[], target: string, socket: string): Listed {
  const [container] = found;
  if (found.length === 1 && container !== undefined) return container;
  const names = found.map((each) => each.name).join(', ');
  throw new GiveUpError(
    `looking for ${target} in the engine at ${socket}: must be exactly one, found ${found.length === 0 ? 'none' : `${found.length}: ${names}`}`,
  );
}
