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
  autoRemove: boolean;
  /** Rows of `ps -eo pid,stat,comm`. */
  processes: string[][];
  events: { Action: string; Actor?: { Attributes: { signal?: string } } }[];
}

/** Answers one request in the engine's stead: obeys, fails, or never answers. */
export type Script = (container: FakeContainer, response: ServerResponse) => void;

type Question = 'list' | 'inspect' | 'top' | 'events' | 'restart' | 'kill' | 'start' | 'unpause';

export interface FakeEngine {
  socket: string;
  container: FakeContainer;
  /** What was asked to be done, in order, such as `restart?t=2`. */
  asked: string[];
}

export const silent: Script = () => {};

/** Answers with an HTTP status and, from 400 on, the engine's kind of error body. */
export function answer(response: ServerResponse, status: number, message = ''): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(status < 400 ? undefined : JSON.stringify({ message }));
}

/** The n-th run's start; the year 1 before the first, as the engine has it. */
const startOf = (run: number) =>
  run === 0 ? '0001-01-01T00:00:00Z' : new Date(Date.UTC(2026, 0, 1, 0, run)).toISOString();

/** What an engine that does as it is told makes of each question. */
const OBEDIENT: Record<'restart' | 'kill' | 'start' | 'unpause', Script> = {
  restart: (container, response) => {
    container.status = 'running';
    container.run += 1;
    answer(response, 204);
  },
  kill: (container, response) => {
    if (container.status !== 'running' && container.status !== 'paused')
      return answer(response, 409, `container ${container.id} is not running`);
    container.status = 'exited';
    container.exitCode = 137;
    answer(response, 204);
  },
  start: (container, response) => {
    if (container.status === 'running') return answer(response, 304);
    container.status = 'running';
    container.run += 1;
    answer(response, 204);
  },
  unpause: (container, response) => {
    container.status = 'running';
    answer(response, 204);
  },
};

/** A scripted Docker engine on a unix socket, with one container and perhaps others beside it. */
export async function fakeEngine(
  t: ExecutionContext,
  given: Partial<FakeContainer> = {},
  scripts: Partial<Record<Question, Script>> = {},
  others: Partial<FakeContainer>[] = [],
): Promise<FakeEngine> {
  const make = (part: Partial<FakeContainer>): FakeContainer => ({
    id: 'a1'.repeat(32),
    name: 'meter-1',
    labels: { 'wattdog.watch': 'main' },
    status: 'running',
    run: 1,
    exitCode: 0,
    startError: '',
    restartPolicy: 'unless-stopped',
    autoRemove: false,
    processes: [['4711', 'Ssl', 'node']],
    events: [],
    ...part,
  });
  const container = make(given);
  const containers = [container, ...others.map(make)];
  const asked: string[] = [];
  const socket = join(temporaryFolder(t), 'engine.sock');

  const server = createServer((request, response) => {
    request.resume();
    const url = new URL(request.url ?? '/', 'http://engine');
    const [, , id = '', verb = ''] = url.pathname.split('/');
    const json = (body: unknown) => response.end(JSON.stringify(body));

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
          Labels: each.labels,
        })),
      );
    }
    if (url.pathname === '/events') {
      if (scripts.events) return scripts.events(container, response);
      return response.end(container.events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    }
    const addressed = containers.find((each) => each.id === id);
    if (addressed === undefined) return answer(response, 404, `No such container: ${id}`);
    if (request.method === 'POST') {
      asked.push(`${verb}${url.search}`);
      const script = scripts[verb as Question] ?? OBEDIENT[verb as keyof typeof OBEDIENT];
      return script(addressed, response);
    }
    if (verb === 'top') {
      if (scripts.top) return scripts.top(addressed, response);
      return json({ Titles: ['PID', 'STAT', 'COMMAND'], Processes: addressed.processes });
    }
    if (scripts.inspect) return scripts.inspect(addressed, response);
    return json({
      Id: addressed.id,
      Name: `/${addressed.name}`,
      State: {
        Status: addressed.status,
        StartedAt: startOf(addressed.run),
        FinishedAt: addressed.run === 0 ? startOf(0) : new Date(Date.UTC(2026, 0, 2)).toISOString(),
        ExitCode: addressed.exitCode,
        Error: addressed.startError,
      },
      HostConfig: {
        RestartPolicy: { Name: addressed.restartPolicy },
        AutoRemove: addressed.autoRemove,
      },
      Config: {},
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { socket, container, asked };
}
