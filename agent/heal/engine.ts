import { Agent } from 'node:http';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import Dockerode from 'dockerode';
import { GiveUpError, RetryError, reason } from '../../shared/errors.ts';
import type { Time } from '../../shared/time.ts';
import type { Inspected, Process } from './decide.ts';
import { type EngineEvent, FOLLOWED, readEvents } from './events.ts';

/** A container as the engine's list shows it. */
export interface Listed {
  id: string;
  name: string;
  labels: Record<string, string>;
  status: string;
  /** What its health check says, where it has one and runs: starting, healthy or unhealthy. */
  health: string | undefined;
}

/** Which containers: those that have all that is given. `label` is `name=value`. */
export interface Which {
  name?: string | undefined;
  label?: string | undefined;
}

/** What may be asked of the engine; `restart` takes its stop timeout in whole seconds. */
export type Ask =
  | { verb: 'unpause' | 'pause' | 'start' }
  | { verb: 'kill'; signal: 'SIGKILL' | 'SIGSTOP' }
  | { verb: 'restart'; stopTimeoutS: number };

/** The few calls to a Docker engine that watching and healing need. */
export interface Engine {
  /** Where it is, for messages. */
  readonly address: string;
  /** Resolves when it answers anything at all. @throws RetryError when it does not in time. */
  ping(signal: AbortSignal): Promise<void>;
  /** Every such container, running or not. @throws RetryError when the engine is away, GiveUpError when it refuses. */
  list(which: Which, signal: AbortSignal): Promise<Listed[]>;
  /** `undefined` when the engine does not answer in time or the container is gone. */
  inspect(id: string, signal: AbortSignal): Promise<Inspected | undefined>;
  /** `undefined` when the engine does not say. */
  processes(id: string, signal: AbortSignal): Promise<Process[] | undefined>;
  /** What happened to the container between two times of the engine's clock; `undefined` when it does not say. */
  events(id: string, from: Date, to: Date, signal: AbortSignal): Promise<EngineEvent[] | undefined>;
  /** What happens to containers from now on, until the engine goes or the signal aborts. @throws as `list`. */
  follow(signal: AbortSignal): Promise<AsyncIterable<EngineEvent>>;
  /** Has no deadline: aborting ends only our side of it. @throws the engine's error, with `statusCode` if it answered. */
  ask(id: string, ask: Ask, signal: AbortSignal): Promise<void>;
}

/** What the types of dockerode 4.0.2 leave out. */
interface Pingable {
  ping(options: { abortSignal: AbortSignal }): Promise<unknown>;
}

/** ms that a call which only looks may take: `inspect` of a wedged container hangs. */
const LOOK = 2000;

/**
 * @param socket path of the engine's socket, or `tcp://host:port`
 * @param lookMs how long a call that only looks may take
 */
export function connect(socket: string, time: Time, lookMs = LOOK): Engine {
  // A connection for each call: one that the engine dropped while it was idle would fail the next one.
  const options = { ...address(socket), agent: new Agent({ keepAlive: false }) };
  const docker = new Dockerode(options);

  const look = <T>(what: string, signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>) =>
    within(lookMs, `asking the engine at ${socket} for ${what}`, time, signal, call);

  /** Evidence that cannot be had must not keep us from healing. */
  const unless = async <T>(signal: AbortSignal, looking: Promise<T>): Promise<T | undefined> => {
    try {
      return await looking;
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  };

  return {
    address: socket,

    async ping(signal) {
      try {
        await look('a sign of life', signal, (abortSignal) =>
          (docker as Dockerode & Pingable).ping({ abortSignal }),
        );
      } catch (error) {
        signal.throwIfAborted();
        const { statusCode = 0 } = error as { statusCode?: number };
        // A proxy that forbids the question is there; one whose engine is gone says 502 to 504.
        if (statusCode < 400 || statusCode >= 500)
          throw engineError(`asking the engine at ${socket} for a sign of life`, error);
      }
    },

    async list({ name, label }, signal) {
      // A name is compared here: the engine's own filter takes it for a regular expression.
      const query = label === undefined ? { all: true } : { all: true, filters: { label: [label] } };
      try {
        const found = await look('its containers', signal, (abortSignal) =>
          docker.listContainers({ ...query, abortSignal }),
        );
        return found
          .filter(({ Names }) => name === undefined || Names?.includes(`/${name}`))
          .map(({ Id, Names, Labels, State, Status }) => ({
            id: Id,
            name: Names?.[0]?.slice(1) ?? Id,
            labels: Labels,
            status: State,
            health: /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(Status)?.[1],
          }));
      } catch (error) {
        signal.throwIfAborted();
        throw engineError(`listing the containers of the engine at ${socket}`, error);
      }
    },

    inspect: (id, signal) =>
      unless(
        signal,
        look('one container', signal, async (abortSignal) => {
          const { Name, State, HostConfig, Config } = await docker.getContainer(id).inspect({ abortSignal });
          const { StopSignal } = Config as { StopSignal?: string };
          return {
            name: Name.slice(1),
            labels: Config.Labels,
            status: State.Status,
            health: State.Health?.Status,
            oomKilled: State.OOMKilled,
            startedAt: State.StartedAt,
            finishedAt: State.FinishedAt,
            exitCode: State.ExitCode,
            startError: State.Error,
            restartPolicy: HostConfig.RestartPolicy?.Name ?? '',
            stopSignal: StopSignal ?? '',
            autoRemove: HostConfig.AutoRemove === true,
          };
        }),
      ),

    processes: (id, signal) =>
      unless(
        signal,
        look('its processes', signal, async (abortSignal) => {
          const top: { Processes: string[][] } = await docker
            .getContainer(id)
            .top({ ps_args: '-eo pid,stat,args', abortSignal });
          // The program alone: its arguments may be secret, and `comm` may be the name of a thread.
          return top.Processes.map(([pid = '', stat = '', args = '']) => ({
            pid: Number(pid),
            state: stat.slice(0, 1),
            command: basename(args.split(' ')[0] ?? ''),
          }));
        }),
      ),

    events: (id, from, to, signal) =>
      unless(
        signal,
        look('its events', signal, async (abortSignal) => {
          const stream = await docker.getEvents({
            since: from.getTime() / 1000,
            until: to.getTime() / 1000,
            filters: { type: ['container'], container: [id] },
            abortSignal,
          });
          const events: EngineEvent[] = [];
          for await (const event of readEvents(stream as Readable)) events.push(event);
          return events;
        }),
      ),

    async follow(signal) {
      try {
        // Not the signal of the deadline, which ends with the answer: this answer goes on.
        const stream = await look('its events', signal, () =>
          docker.getEvents({ filters: { type: ['container'], event: FOLLOWED }, abortSignal: signal }),
        );
        return readEvents(stream as Readable);
      } catch (error) {
        signal.throwIfAborted();
        throw engineError(`following the events of the engine at ${socket}`, error);
      }
    },

    async ask(id, ask, abortSignal) {
      const container = docker.getContainer(id);
      switch (ask.verb) {
        case 'unpause':
          return await container.unpause({ abortSignal });
        case 'pause':
          return await container.pause({ abortSignal });
        case 'start':
          return await container.start({ abortSignal });
        case 'kill':
          return await container.kill({ signal: ask.signal, abortSignal });
        case 'restart':
          return await container.restart({ t: ask.stopTimeoutS, abortSignal });
      }
    },
  };
}

/** An engine's answer as the caller's next step: a person must allow what is refused, the rest may pass. */
export function engineError(doing: string, error: unknown): Error {
  if (error instanceof RetryError || error instanceof GiveUpError) return error;
  if (/client version .*too (old|new)/i.test(reason(error)))
    return new GiveUpError(
      `${doing}: must accept our requests, which name no API version; a proxy in between seems to name one: let it pass them as they are, or update it`,
      1,
      { cause: error },
    );
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  if (statusCode === 401 || statusCode === 403 || code === 'EACCES' || code === 'EPERM')
    return new GiveUpError(`${doing}: must be allowed, was refused`, 1, { cause: error });
  return new RetryError(doing, { cause: error });
}

/** No API version is pinned: every engine answers in its own newest one, and new ones refuse old versions. */
function address(socket: string): Dockerode.DockerOptions {
  if (!socket.startsWith('tcp://')) {
    // An empty host, or dockerode lets DOCKER_HOST win over the path.
    return { socketPath: socket.replace(/^unix:\/\//, ''), host: '', protocol: 'http' };
  }
  const { hostname, port } = new URL(socket);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port || 2375, protocol: 'http' };
}

/** A deadline by the caller's clock. @throws RetryError when it passes, or the signal's reason. */
async function within<T>(
  ms: number,
  doing: string,
  time: Time,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  const late = time.sleep(ms, ended).then(() => {
    throw new RetryError(`${doing}: must be answered within ${ms} ms, was not`);
  });
  try {
    return await Promise.race([call(ended), late]);
  } finally {
    over.abort();
  }
}
