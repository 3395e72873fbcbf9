import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { temporaryFolder } from './system.ts';

/** A container of the scripted engine; a script may change it as it likes. */
export interface FakeContainer {
  id: string;
  name: string;
  labels: Record<string, string>;
  status: string;
  /** The n-th run; gives `StartedAt`. */
  run: number;
  exitCode: number;
  startError: string;
  restartPolicy: string;
  stopSignal: string;
  autoRemove: boolean;
  health: string | undefined;
  oomKilled: boolean;
  /** Rows of `ps -eo pid,stat,args`. */
  processes: string[][];
  events: { Action: string; Actor?: { Attributes: { signal?: string } } }[];
}

/** Answers one request in the engine's stead: obeys, fails, or never answers. */
export type Script = (container: FakeContainer, response: ServerResponse) => void;

type Verb = 'restart' | 'kill' | 'start' | 'pause' | 'unpause';
type Question = Verb | 'ping' | 'list' | 'inspect' | 'top' | 'events' | 'follow';

export interface FakeEngine {
  socket: string;
  container: FakeContainer;
  /** All of them; a test may add and remove. */
  containers: FakeContainer[];
  /** What it answers where it does not obey; a test may add and remove. */
  scripts: Partial<Record<Question, Script | undefined>>;
  /** What was asked to be done, in order, such as `restart?t=2`. */
  asked: string[];
  /** Every path that was asked for, in order, without its query. */
  paths: string[];
  /** How many follow the events at present. */
  followers(): number;
  /** Tells an event of a container to whoever follows. */
  emit(container: FakeContainer, action: string, attributes?: Record<string, string>): void;
  /** Writes to whoever follows whatever it is. */
  write(text: string | Uint8Array): void;
  /** Goes, with its socket and all connections. */
  stop(): Promise<void>;
  /** Comes back, on a new socket under the same path. */
  start(): Promise<void>;
}

/** A container as one may be given to `fakeEngine`. */
export const fakeContainer = (part: Partial<FakeContainer> = {}): FakeContainer => ({
  id: 'a1'.repeat(32),
  name: 'meter-1',
  labels: { 'wattdog.watch': 'main' },
  status: 'running',
  run: 1,
  exitCode: 0,
  startError: '',
  restartPolicy: 'unless-stopped',
  stopSignal: '',
  autoRemove: false,
  health: undefined,
  oomKilled: false,
  processes: [['4711', 'Ssl', 'node']],
  events: [],
  ...part,
});

export const silent: Script = () => {};

/** Answers with an HTTP status and, from 400 on, the engine's kind of error body. */
export function answer(response: ServerResponse, status: number, message = ''): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(status < 400 ? undefined : JSON.stringify({ message }));
}

/** The n-th run's start; the year 1 before the first, as the engine has it. */
const startOf = (run: number) =>
  run === 0 ? '0001-01-01T00:00:00Z' : new Date(Date.UTC(2026, 0, 1, 0, run)).toISOString();

type Emit = FakeEngine['emit'];

/** What an engine that does as it is told makes of each demand; it tells the events that a real one tells. */
const OBEDIENT: Record<
  Verb,
  (container: FakeContainer, response: ServerResponse, emit: Emit, query: URLSearchParams) => void
> = {
  restart: (container, response, emit) => {
    container.status = 'running';
    container.run += 1;
    emit(container, 'kill', { signal: '15' });
    emit(container, 'die', { exitCode: '0' });
    for (const action of ['stop', 'start', 'restart']) emit(container, action);
    answer(response, 204);
  },
  kill: (container, response, emit, query) => {
    if (container.status !== 'running' && container.status !== 'paused')
      return answer(response, 409, `container ${container.id} is not running`);
    if (query.get('signal') === 'SIGSTOP') {
      for (const process of container.processes) process[1] = 'T';
      emit(container, 'kill', { signal: '19' });
      return answer(response, 204);
    }
    container.status = 'exited';
    container.exitCode = 137;
    emit(container, 'kill', { signal: '9' });
    emit(container, 'die', { exitCode: '137' });
    answer(response, 204);
  },
  start: (container, response, emit) => {
    if (container.status === 'running') return answer(response, 304);
    container.status = 'running';
    container.run += 1;
    emit(container, 'start');
    answer(response, 204);
  },
  pause: (container, response, emit) => {
    container.status = 'paused';
    emit(container, 'pause');
    answer(response, 204);
  },
  unpause: (container, response, emit) => {
    container.status = 'running';
    emit(container, 'unpause');
    answer(response, 204);
  },
};

/** What inspect shows of a container. */
export const inspection = (container: FakeContainer) => ({
  Id: container.id,
  Name: `/${container.name}`,
  State: {
    Status: container.status,
    StartedAt: startOf(container.run),
    FinishedAt: container.run === 0 ? startOf(0) : new Date(Date.UTC(2026, 0, 2)).toISOString(),
    ExitCode: container.exitCode,
    Error: container.startError,
    OOMKilled: container.oomKilled,
    ...(container.health && { Health: { Status: container.health } }),
  },
  HostConfig: {
    RestartPolicy: { Name: container.restartPolicy },
    AutoRemove: container.autoRemove,
  },
  Config: { Labels: container.labels, StopSignal: container.stopSignal },
});

/** A scripted Docker engine on a unix socket, with one container and perhaps others beside it. */
export async function fakeEngine(
  t: ExecutionContext,
  given: Partial<FakeContainer> = {},
  scripts: Partial<Record<Question, Script>> = {},
  others: Partial<FakeContainer>[] = [],
): Promise<FakeEngine> {
  const container = fakeContainer(given);
  const containers = [container, ...others.map(fakeContainer)];
  const asked: string[] = [];
  const paths: string[] = [];
  const following = new Set<ServerResponse>();
  const write = (text: string | Uint8Array) => {
    for (const response of following) response.write(text);
  };
  const emit: Emit = ({ id, name, labels }, action, attributes = {}) =>
    write(
      `${JSON.stringify({ Type: 'container', Action: action, Actor: { ID: id, Attributes: { ...labels, name, ...attributes } } })}\n`,
    );
  const socket = join(temporaryFolder(t), 'engine.sock');

  const server = createServer((request, response) => {
    request.resume();
    const url = new URL(request.url ?? '/', 'http://engine');
    const [, , id = '', verb = ''] = url.pathname.split('/');
    const json = (body: unknown) => response.end(JSON.stringify(body));
    paths.push(url.pathname);

    if (url.pathname === '/_ping') {
      if (scripts.ping) return scripts.ping(container, response);
      return response.end('OK');
    }
    if (url.pathname === '/containers/json') {
      if (scripts.list) return scripts.list(container, response);
      const filters = JSON.parse(url.searchParams.get('filters') ?? '{}') as { label?: string[] };
      const labelled = containers.filter(({ labels }) =>
        (filters.label ?? []).every((pair) => {
          const [key = '', value] = pair.split('=');
          return labels[key] === value;
        }),
      );
      return json(
        labelled.map((each) => ({
          Id: each.id,
          Names: [`/${each.name}`],
          State: each.status,
          Status: each.health === undefined ? 'Up 2 minutes' : `Up 2 minutes (${each.health})`,
          Labels: each.labels,
        })),
      );
    }
    if (url.pathname === '/events' && !url.searchParams.has('until')) {
      if (scripts.follow) return scripts.follow(container, response);
      following.add(response);
      response.on('close', () => following.delete(response));
      return response.flushHeaders();
    }
    if (url.pathname === '/events') {
      if (scripts.events) return scripts.events(container, response);
      return response.end(container.events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    }
    const addressed = containers.find((each) => each.id === id);
    if (addressed === undefined) return answer(response, 404, `No such container: ${id}`);
    if (request.method === 'POST') {
      asked.push(`${verb}${url.search}`);
      const script = scripts[verb as Verb];
      if (script) return script(addressed, response);
      return OBEDIENT[verb as Verb](addressed, response, emit, url.searchParams);
    }
    if (verb === 'top') {
      if (scripts.top) return scripts.top(addressed, response);
      return json({ Titles: ['PID', 'STAT', 'COMMAND'], Processes: addressed.processes });
    }
    if (scripts.inspect) return scripts.inspect(addressed, response);
    return json(inspection(addressed));
  });
  const start = () => new Promise<void>((resolve) => server.listen(socket, resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await start();
  t.teardown(async () => {
    if (server.listening) await stop();
  });
  return {
    ...{ socket, container, containers, scripts, asked, paths, followers: () => following.size },
    ...{ emit, write, stop, start },
  };
}
