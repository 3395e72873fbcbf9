import Dockerode from 'dockerode';
import { GiveUpError, RetryError } from '../../shared/errors.ts';
import type { Time } from '../../shared/time.ts';
import { type ContainerEvent, type Inspected, type Process, signalNumber } from './decide.ts';

/** A container as the engine's list shows it. */
export interface Listed {
  id: string;
  name: string;
  status: string;
}

/** What may be asked of the engine; `restart` takes its stop timeout in whole seconds. */
export type Ask = { verb: 'unpause' | 'start' | 'kill' } | { verb: 'restart'; stopTimeoutS: number };

/** The few calls to a Docker engine that healing needs. */
export interface Engine {
  /** Every container with this name or label, running or not. @throws RetryError when the engine is away. */
  list(by: { name: string } | { label: string }, signal: AbortSignal): Promise<Listed[]>;
  /** `undefined` when the engine does not answer in time or the container is gone. */
  inspect(id: string, signal: AbortSignal): Promise<Inspected | undefined>;
  /** `undefined` when the engine does not say. */
  processes(id: string, signal: AbortSignal): Promise<Process[] | undefined>;
  /** What happened to the container between two times of the engine's clock; `undefined` when it does not say. */
  events(id: string, from: Date, to: Date, signal: AbortSignal): Promise<ContainerEvent[] | undefined>;
  /** Has no deadline: aborting ends only our side of it. @throws the engine's error, with `statusCode` if it answered. */
  ask(id: string, ask: Ask, signal: AbortSignal): Promise<void>;
}

/**
 * @param socket path of the engine's socket, or `tcp://host:port`
 * @param lookMs how long a call that only looks may take: `inspect` of a wedged container hangs
 */
export function connect(socket: string, time: Time, lookMs: number): Engine {
  const docker = new Dockerode(address(socket));

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
    async list(by, signal) {
      // A name is compared here: the engine's own filter takes it for a regular expression.
      const query = 'label' in by ? { all: true, filters: { label: [by.label] } } : { all: true };
      try {
        const found = await look('its containers', signal, (abortSignal) =>
          docker.listContainers({ ...query, abortSignal }),
        );
        return found
          .filter(({ Names }) => 'label' in by || Names.includes(`/${by.name}`))
          .map(({ Id, Names, State }) => ({ id: Id, name: Names[0]?.slice(1) ?? Id, status: State }));
      } catch (error) {
        signal.throwIfAborted();
        throw engineError(`listing the containers of the engine at ${socket}`, error);
      }
    },

    inspect: (id, signal) =>
      unless(
        signal,
        look('one container', signal, async (abortSignal) => {
          const { State, HostConfig, Config } = await docker.getContainer(id).inspect({ abortSignal });
          const { StopSignal } = Config as { StopSignal?: string };
          return {
            status: State.Status,
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
            .top({ ps_args: '-eo pid,stat,comm', abortSignal });
          return top.Processes.map(([pid = '', stat = '', command = '']) => ({
            pid: Number(pid),
            state: stat.slice(0, 1),
            command,
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
          let lines = '';
          for await (const chunk of stream) lines += String(chunk);
          return lines
            .split('\n')
            .filter((line) => line.trim() !== '')
            .map(readEvent);
        }),
      ),

    async ask(id, ask, abortSignal) {
      const container = docker.getContainer(id);
      switch (ask.verb) {
        case 'unpause':
          return await container.unpause({ abortSignal });
        case 'start':
          return await container.start({ abortSignal });
        case 'kill':
          return await container.kill({ signal: 'SIGKILL', abortSignal });
        case 'restart':
          return await container.restart({ t: ask.stopTimeoutS, abortSignal });
      }
    },
  };
}

/** An engine's answer as the caller's next step: a person must allow what is forbidden, the rest may pass. */
export function engineError(doing: string, error: unknown): Error {
  if (error instanceof RetryError || error instanceof GiveUpError) return error;
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

function readEvent(line: string): ContainerEvent {
  const event = JSON.parse(line) as { Action: string; Actor?: { Attributes?: { signal?: string } } };
  return { action: event.Action, signal: signalNumber(event.Actor?.Attributes?.signal ?? '') };
}
