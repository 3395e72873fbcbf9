import { GiveUpError, RetryError, reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Time } from '../../shared/time.ts';
import { decide, describe, type Evidence, uninterruptible } from './decide.ts';
import { type Ask, connect, type Engine, engineError, type Listed } from './engine.ts';
import type { Healer, HealReport, HealStep } from './healer.ts';

export interface DockerHealerOptions {
  /** Path of the engine's socket, or `tcp://host:port`. */
  socket: string;
  /** The watch whose container this is: the one labelled `wattdog.watch=<watch>`. */
  watch: string;
  /** The container's name; then its labels do not matter. */
  container?: string | undefined;
  /** Whole seconds a container gets to stop before it is killed. */
  stopTimeoutS: number;
}

/** Milliseconds. */
export interface Deadlines {
  /** A call that only looks; `inspect` of a wedged container hangs. */
  look: number;
  /** Between two looks at a container that should change. */
  poll: number;
  /** How long a change may take to show after the engine said that it was made. */
  settle: number;
  unpause: number;
  start: number;
  /** From SIGKILL to the end of the container. */
  kill: number;
  /** On top of the stop timeout: the engine itself may spend 14 s more before it answers with an error. */
  restart: number;
}

export const DEADLINES: Deadlines = {
  look: 2000,
  poll: 50,
  settle: 1000,
  unpause: 10_000,
  start: 30_000,
  kill: 15_000,
  restart: 20_000,
};

/** A glance at the container; `startedAt` is unknown where inspect does not answer. */
interface Look {
  status: string;
  startedAt: string | undefined;
}

/**
 * Brings back one container of a Docker engine and touches no other. What the engine answers is not
 * trusted, only what it then shows of the container: it goes on with a restart after the client has
 * gone, and may leave the container stopped with its restart policy cancelled.
 */
export function dockerHealer(
  options: DockerHealerOptions,
  deps: { time: Time; log: Log; deadlines?: Deadlines },
): Healer {
  const { time, log, deadlines = DEADLINES } = deps;
  const { socket, watch, container: name, stopTimeoutS } = options;
  const engine = connect(socket, time, deadlines.look);
  const target = name === undefined ? `the container labelled wattdog.watch=${watch}` : `container ${name}`;
  /** The run that we ended, so that its end is not taken for an operator's stop. */
  let endedRun: string | undefined;

  return {
    target,
    async heal(signal) {
      const by = name === undefined ? { label: `wattdog.watch=${watch}` } : { name };
      const container = only(await engine.list(by, signal), target, socket);
      const evidence = await gather(engine, container, endedRun, time.now(), signal);
      const plan = decide(evidence);
      const steps: HealStep[] = [];
      const report: HealReport = { result: 'running', found: plan.found, steps };
      if (plan.action === 'respect') return { ...report, result: 'respected' };
      if (plan.action === 'wait') throw new RetryError(`healing ${target}: ${plan.found}`);

      const run = evidence.inspected?.startedAt;
      const renewed = (look: Look) =>
        isRunning(look) && run !== undefined && look.startedAt !== undefined && look.startedAt !== run;
      const act = async (ask: Ask, deadlineMs: number, done: (look: Look) => boolean) => {
        const outcome = await askAndSee(engine, container, ask, deadlineMs, done, {
          time,
          deadlines,
          signal,
        });
        steps.push({ action: ask.verb, tookMs: outcome.tookMs });
        if (outcome.seen) return outcome;
        log.warn({ target, status: outcome.last.status }, `${ask.verb}: ${describeFailure(outcome)}`);
        return outcome;
      };

      let next = plan.action;
      if (next === 'unpause') {
        if ((await act({ verb: 'unpause' }, deadlines.unpause, isRunning)).seen) return report;
        next = 'kill';
      }
      if (next === 'restart') {
        endedRun = run;
        const deadline = stopTimeoutS * 1000 + deadlines.restart;
        const restart = await act({ verb: 'restart', stopTimeoutS }, deadline, renewed);
        if (restart.seen) return report;
        next = isAlive(restart.last) ? 'kill' : 'start';
      }
      if (next === 'kill') {
        endedRun = run;
        const ended = (look: Look) => !isAlive(look) || renewed(look);
        const kill = await act({ verb: 'kill' }, deadlines.kill, ended);
        if (!kill.seen) {
          const stuck = uninterruptible(await engine.processes(container.id, signal));
          throw new GiveUpError(
            `killing ${target}: must end within ${deadlines.kill / 1000} s, is still ${kill.last.status}` +
              (stuck ? `; ${describe(stuck)}: unplug its device or restart the machine` : ''),
            1,
            { cause: kill.error },
          );
        }
        if (isAlive(kill.last)) return report;
      }
      const start = await act({ verb: 'start' }, deadlines.start, isRunning);
      if (start.seen) return report;
      throw new RetryError(`starting ${target}: must run, is ${start.last.status}`, { cause: start.error });
    },
  };
}

interface Outcome {
  /** Whether it was seen done. */
  seen: boolean;
  /** The last look at the container. */
  last: Look;
  /** What the engine answered instead of doing it. */
  error: unknown;
  tookMs: number;
}

/**
 * Asks the engine once, never twice, then looks at the container until it is seen done, the engine
 * has failed, or it is late.
 * @throws RetryError when the engine no longer shows the container; GiveUpError when it forbids this
 */
async function askAndSee(
  engine: Engine,
  container: Listed,
  ask: Ask,
  deadlineMs: number,
  done: (look: Look) => boolean,
  { time, deadlines, signal }: { time: Time; deadlines: Deadlines; signal: AbortSignal },
): Promise<Outcome> {
  const doing = `asking the engine to ${ask.verb} container ${container.name}`;
  const asked = time.monotonic();
  const leave = new AbortController();
  const ended = AbortSignal.any([signal, leave.signal]);
  let answer: { at: number; error?: unknown } | undefined;
  const answered = engine.ask(container.id, ask, ended).then(
    () => {
      answer = { at: time.monotonic() };
    },
    (error: unknown) => {
      answer = { at: time.monotonic(), error };
    },
  );
  try {
    for (;;) {
      // Taken before the look, so that an answer always gets one look after it.
      const told = answer as { at: number; error?: unknown } | undefined;
      const late = time.monotonic() - asked >= deadlineMs;
      const last = await glance(engine, container, signal);
      const seen = last !== undefined && done(last);
      const settled = told !== undefined && time.monotonic() - told.at >= deadlines.settle;
      if (seen || late || settled || told?.error !== undefined) {
        const failure = told?.error === undefined ? undefined : engineError(doing, told.error);
        if (failure instanceof GiveUpError) throw failure;
        if (last === undefined)
          throw new RetryError(`${doing}: must then show it, does not`, { cause: failure });
        return { seen, last, error: failure, tookMs: time.monotonic() - asked };
      }
      await Promise.race([told ? undefined : answered, time.sleep(deadlines.poll, ended)]);
    }
  } finally {
    leave.abort();
  }
}

function describeFailure({ error, last }: Outcome): string {
  return error === undefined ? `not seen done, it is ${last.status}` : reason(error);
}

/** By inspect, or by the list where inspect does not answer; `undefined` where neither does. */
async function glance(engine: Engine, container: Listed, signal: AbortSignal): Promise<Look | undefined> {
  const inspected = await engine.inspect(container.id, signal);
  if (inspected !== undefined) return inspected;
  try {
    const listed = await engine.list({ name: container.name }, signal);
    const status = listed.find(({ id }) => id === container.id)?.status;
    return status === undefined ? undefined : { status, startedAt: undefined };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** What the plan depends on, and no more: each further question costs time while nothing is measured. */
async function gather(
  engine: Engine,
  container: Listed,
  endedRun: string | undefined,
  now: number,
  signal: AbortSignal,
): Promise<Evidence> {
  const inspected = await engine.inspect(container.id, signal);
  const status = inspected?.status ?? container.status;
  const evidence: Evidence = { status, inspected, processes: undefined, events: undefined, endedByUs: false };
  if (inspected === undefined) return evidence;
  if (status === 'running') return { ...evidence, processes: await engine.processes(container.id, signal) };
  if (status !== 'exited' && status !== 'dead') return evidence;
  // An operator's `stop` follows the end by milliseconds; the engine may be on a machine whose clock is ahead.
  const to = Math.max(Date.parse(inspected.finishedAt), now) + 50;
  const events = await engine.events(container.id, new Date(inspected.startedAt), new Date(to), signal);
  return { ...evidence, events, endedByUs: endedRun === inspected.startedAt };
}

/** @throws GiveUpError unless there is exactly one: nobody may guess what to restart. */
function only(found: Listed[], target: string, socket: string): Listed {
  const [container] = found;
  if (found.length === 1 && container !== undefined) return container;
  const names = found.map((each) => each.name).join(', ') || 'none';
  throw new GiveUpError(
    `looking for ${target} in the engine at ${socket}: must be exactly one, found ${found.length === 0 ? names : `${found.length}: ${names}`}`,
  );
}

const isRunning = (look: Look) => look.status === 'running';
const isAlive = (look: Look) => look.status === 'running' || look.status === 'paused';
