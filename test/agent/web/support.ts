import type { ExecutionContext } from 'ava';
import type { Operations, WatchStatus } from '../../../agent/doors/operations.ts';
import type { Queries } from '../../../agent/doors/queries.ts';
import type { Moment } from '../../../agent/guard/incident.ts';
import { type Readiness, startWeb } from '../../../agent/web/server.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';
import { systemTime, type Time } from '../../../shared/time.ts';
import { silentLog } from '../../support/system.ts';

/** As Grafana 12 sends it. */
export const unifiedBody = {
  receiver: 'wattdog',
  status: 'firing',
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'DatasourceNoData', rulename: 'Meter is silent', watch: 'studio', meter: 'main' },
      annotations: {},
      startsAt: '2026-11-22T10:00:00Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: '',
      fingerprint: 'c6eadffa33fcdf37',
      silenceURL: '',
      dashboardURL: '',
      panelURL: '',
      values: null,
      valueString: '',
    },
    { status: 'resolved', labels: { alertname: 'Power', container: 'garage' }, values: { B: 1 } },
    { status: 'firing', labels: { alertname: 'DatasourceError', rulename: 'x', watch: 'studio' } },
  ],
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: 'http://localhost:3000/',
  version: '1',
  groupKey: '{}:{}',
  truncatedAlerts: 0,
  orgId: 1,
  title: '[FIRING:2, RESOLVED:1]',
  state: 'alerting',
  message: '',
};

/** As Grafana 7.1 sends it for the rule of the old chain. */
export const legacyBody = {
  dashboardId: 1,
  evalMatches: [{ value: null, metric: 'NoData', tags: null }],
  message: 'restart-studio-electricity-meter',
  orgId: 1,
  panelId: 2,
  ruleId: 1,
  ruleName: 'Studio electricity meter alert',
  ruleUrl: 'http://localhost:3000/d/x',
  state: 'alerting',
  tags: {},
  title: '[Alerting] Studio electricity meter alert',
};

const watch = (name: string): WatchStatus => ({
  name,
  topics: [`wattdog/${name}/reading`],
  target: `container wattdog-${name}-1`,
  verdict: { state: 'healthy', sentence: `messages come every 1.2 s`, evidence: { silence: 400 } },
});

const NAMES = new Map([
  ['studio', 'studio'],
  ['garage', 'garage'],
  ['studio-electricity-meter', 'studio'],
]);

/** Operations that do as the test says and write down what was asked of them. */
export function scriptedOperations(script: Partial<Operations> = {}): Operations & { asked: unknown[][] } {
  const asked: unknown[][] = [];
  return {
    asked,
    watches: script.watches ?? (() => [watch('studio'), watch('garage')]),
    incidents: script.incidents ?? (() => []),
    find: script.find ?? ((name) => NAMES.get(name)),
    restart(name, demand) {
      asked.push(['restart', name, demand]);
      return script.restart?.(name, demand) ?? { result: 'begun', sentence: `restarting ${name}` };
    },
    hold(name, forMs, by) {
      asked.push(['hold', name, forMs, by]);
      return script.hold?.(name, forMs, by) ?? 1_700_000_000_000 + forMs;
    },
    release: (name, by) => void asked.push(['release', name, by]),
    forget(name, by) {
      asked.push(['forget', name, by]);
      return script.forget?.(name, by) ?? { result: 'forgotten', sentence: `${name} is forgotten` };
    },
    drill(name, by, signal) {
      asked.push(['drill', name, by]);
      return script.drill?.(name, by, signal) ?? moments([]);
    },
  };
}

/** A house that has nothing to tell, unless the test says so. */
export function scriptedQueries(script: Partial<Queries> = {}): Queries {
  const nothing = () => {
    throw new Error('nobody was to ask for this');
  };
  return {
    agent: nothing,
    meters: () => [],
    knows: () => false,
    power: nothing,
    energy: nothing,
    gaps: () => [],
    stores: () => [],
    live: nothing,
    ...script,
  };
}

export async function* moments(all: Moment[]): AsyncGenerator<Moment> {
  yield* all;
}

interface Options {
  token?: string;
  hooks?: { username?: string; password?: string; secret?: string };
  /** ms since 1970 UTC. */
  now?: number;
  readiness?: () => Readiness;
  port?: number;
  queries?: Queries;
  time?: Time;
}

/** The real server on a port of the system's choice, closed with the test. */
export async function serve(t: ExecutionContext, operations: Operations, options: Options = {}) {
  const {
    token,
    hooks = {},
    now = 1_700_000_000_000,
    readiness = () => ({}),
    port = 0,
    queries = scriptedQueries(),
    time,
  } = options;
  const { agent } = settingsSchema.parse({
    agent: { http: { port, ...(token === undefined ? {} : { token }) }, hooks },
  });
  const web = await startWeb(agent, {
    readiness,
    metrics: async (counts) => JSON.stringify(counts),
    operations,
    queries,
    time: time ?? { ...systemTime, now: () => now },
    log: silentLog,
  });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= web.close();
    return closed;
  };
  t.teardown(close);
  const url = `http://127.0.0.1:${web.port}`;
  /** The status and the body of the answer, parsed where it is JSON. */
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
  const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const counts = async () => JSON.parse(String((await ask('/metrics', bearer(token))).body));
  return { url, port: web.port, ask, post, counts, close };
}

function bearer(token: string | undefined): RequestInit {
  return token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } };
}
