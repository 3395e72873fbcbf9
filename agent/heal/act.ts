import { GiveUpError, RetryError } from '../../shared/errors.ts';
import type { Time } from '../../shared/time.ts';
import { type Ask, type Engine, engineError, type Listed } from './engine.ts';

/** Milliseconds. */
export interface Deadlines {
  /** Between two looks at a container that should change. */
  poll: number;
  /** How long a change may take to show after the engine said that it was made. */
  settle: number;
  pause: number;
  start: number;
  /** From SIGKILL to the end of the container. */
  kill: number;
  /** From SIGKILL until a process that hangs in the kernel is taken for one that stays there. */
  stuck: number;
  /** On top of the stop timeout: the engine itself may spend 14 s more before it answers with an error. */
  restart: number;
  /** How long the engine's own restart policy gets before we start a container ourselves. */
  policy: number;
  /** From the return of a device to the start of its container. */
  device: number;
  /** For whoever still has the device to let go of it. */
  busy: number;
}

export const DEADLINES: Deadlines = {
  poll: 50,
  settle: 1000,
  pause: 10_000,
  start: 30_000,
  kill: 15_000,
  stuck: 2000,
  restart: 20_000,
  policy: 1000,
  device: 2000,
  busy: 3000,
};

/** A glance at the container; only the status is known where inspect does not answer. */
export interface Look {
  status: string;
  startedAt?: string;
  exitCode?: number;
  startError?: string;
}

export interface Outcome {
  /** Whether it was seen done. */
  seen: boolean;
  /** The last look at the container. */
  last: Look;
  /** What the engine answered instead of doing it. */
  error: Error | undefined;
  tookMs: number;
}

/** The engine shows this container no longer. */
export class GoneError extends RetryError {
  override name = 'GoneError';
}

/** Who acts on what. */
export interface Scene {
  engine: Engine;
  container: Listed;
  time: Time;
  deadlines: Deadlines;
  signal: AbortSignal;
}

export type Done = (look: Look) => boolean | Promise<boolean>;

/**
 * Asks the engine once, never twice, then looks at the container until it is seen done, the engine has
 * failed, or it is late.
 * @throws GoneError; RetryError when the engine shows nothing; GiveUpError when it forbids this
 */
export async function askAndSee(scene: Scene, ask: Ask, deadlineMs: number, done: Done): Promise<Outcome> {
  const { engine, container, time, signal } = scene;
  const leave = new AbortController();
  const answer: Answer = { at: undefined, error: undefined, came: Promise.resolve() };
  answer.came = engine
    .ask(container.id, ask, AbortSignal.any([signal, leave.signal]))
    .catch((error: unknown) => {
      answer.error = engineError(`asking the engine to ${ask.verb} container ${container.name}`, error);
    })
    .finally(() => {
      answer.at = time.monotonic();
    });
  try {
    return await see(scene, deadlineMs, done, answer);
  } finally {
    leave.abort();
  }
}

interface Answer {
  /** When it came, monotonic ms. */
  at: number | undefined;
  error: Error | undefined;
  came: Promise<void>;
}

/** Looks at the container until it is seen done or it is late. @throws as `askAndSee` */
export async function see(
  { engine, container, time, deadlines, signal }: Scene,
  deadlineMs: number,
  done: Done,
  answer?: Answer,
): Promise<Outcome> {
  const began = time.monotonic();
  for (;;) {
    // Taken before the look, so that an answer always gets one look after it.
    const { at, error } = answer ?? {};
    const now = time.monotonic();
    const over =
      now - began >= deadlineMs || error !== undefined || (at !== undefined && now - at >= deadlines.settle);
    const last = await glance(engine, container, signal);
    if (error instanceof GiveUpError) throw error;
    if (last === 'gone')
      throw new GoneError(`looking at container ${container.name}: must be there, is gone`, { cause: error });
    const seen = last !== undefined && (await done(last));
    if (seen || over) {
      if (last === undefined)
        throw new RetryError(`looking at container ${container.name}: the engine must show it, does not`, {
          cause: error,
        });
      return { seen, last, error, tookMs: time.monotonic() - began };
    }
    const waited = time.sleep(deadlines.poll, signal);
    await (answer && at === undefined ? Promise.race([answer.came, waited]) : waited);
  }
}

/** By inspect, or by the list where inspect does not answer; `undefined` where neither does. */
async function glance(
  engine: Engine,
  { id }: Listed,
  signal: AbortSignal,
): Promise<Look | 'gone' | undefined> {
  const inspected = await engine.inspect(id, signal);
  if (inspected !== undefined) return inspected;
  try {
    const listed = (await engine.list({}, signal)).find((each) => each.id === id);
    return listed === undefined ? 'gone' : { status: listed.status };
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

export const isRunning = (look: Look): boolean => look.status === 'running';
/** Running, or about to go on. */
export const isAlive = (look: Look): boolean => look.status === 'running' || look.status === 'paused';
