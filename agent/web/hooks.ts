/** The doors for alerts of other programs: the webhooks. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { reason } from '../../shared/errors.ts';
import type { Demand, Operations } from '../doors/operations.ts';
import { type Credentials, hasCredentials, isForeignPage, mayCall } from './auth.ts';
import { type Alert, readAlerts } from './grafana.ts';
import { checked, Refusal } from './refusal.ts';

const OUTCOMES = [
  'begun',
  'refused',
  'held',
  'nothing-to-restart',
  'not-firing',
  'datasource-error',
  'unknown-watch',
  'invalid',
  'unauthorised',
] as const;
type Outcome = (typeof OUTCOMES)[number];
/** What became of each alert that came in, and of each request that was none. */
export type HookCounts = Record<Outcome, number>;

export const noHooks = (): HookCounts =>
  Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as HookCounts;

/** What was done about one alert. */
interface Answer {
  watch?: string;
  result: Outcome;
  sentence: string;
}

const query = z.object({
  watch: z.string().optional(),
  force: z.enum(['', 'true', 'false'], 'must be empty, true or false').optional(),
});

/** HTTP statuses of what became of a demand. */
export const DEMAND_STATUS: Record<Demand['result'], number> = {
  begun: 200,
  refused: 409,
  'nothing-to-restart': 409,
  held: 423,
};

export interface HookDeps {
  operations: Operations;
  credentials: Credentials;
  counts: HookCounts;
  /** ms since 1970 UTC. */
  now: () => number;
}

/**
 * `POST /restart-<watch>`: the path of the chain that this replaces; whatever its body is, unless that is an
 * alert of Grafana's that is over. `POST /hooks/grafana`: Grafana's webhooks, unified and legacy. `?force`
 * restarts even what our own evidence calls healthy.
 */
export function addHooks(server: FastifyInstance, { operations, credentials, counts, now }: HookDeps): void {
  server.removeAllContentTypeParsers();
  // A signature is of the bytes as they came.
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.addHook('onRequest', async (request) => {
    if (!hasCredentials(credentials))
      throw refuse(
        'unauthorised',
        403,
        'webhooks are closed: agent.http.token, agent.hooks.username and password, or agent.hooks.secret opens them',
      );
    if (isForeignPage(request.headers))
      throw refuse('unauthorised', 403, 'webhooks are for programs, not for pages of other sites');
  });
  server.addHook('preHandler', async (request, reply) => {
    const entered = mayCall({ headers: request.headers, body: bodyOf(request) }, credentials, now());
    if (entered === true) return;
    reply.header('www-authenticate', 'Bearer, Basic realm="wattdog"');
    throw refuse('unauthorised', 401, entered);
  });

  const refuse = (outcome: Outcome, status: number, message: string) => {
    counts[outcome] += 1;
    return new Refusal(status, message);
  };
  /** Counts what is wrong with a request as it passes. */
  const valid = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      counts.invalid += 1;
      throw error;
    }
  };

  const judge = (alert: Alert, asked: z.infer<typeof query>): Answer => {
    if (alert.state === 'datasource-error')
      return { result: alert.state, sentence: 'Grafana cannot see its data source: that is no stall' };
    if (alert.state === 'not-firing') return { result: alert.state, sentence: 'the alert does not fire' };
    const names = [...alert.names, ...(asked.watch === undefined ? [] : [asked.watch])];
    const watch = meant(names, operations);
    if (watch === undefined) return { result: 'unknown-watch', sentence: unknown(names, operations) };
    const demand = { force: isForced(asked), by: `Grafana’s alert ${alert.name}` };
    return { watch, ...operations.restart(watch, demand) };
  };

  server.post('/hooks/grafana', (request) => {
    const asked = valid(() => checked(query, request.query, 'reading the query'));
    const alerts = valid(() => readAlerts(jsonOf(request)));
    const answers = alerts.map((alert) => judge(alert, asked));
    for (const { result } of answers) counts[result] += 1;
    return { alerts: answers };
  });

  server.post<{ Params: { name: string } }>('/restart-:name', (request, reply) => {
    const asked = valid(() => checked(query, request.query, 'reading the query'));
    const { name } = request.params;
    const watch = operations.find(name);
    if (watch === undefined) throw refuse('unknown-watch', 404, unknown([name], operations));
    const idle = idleAlert(request);
    if (idle) {
      counts[idle.state] += 1;
      return reply.type('text/plain').send(`not a trigger: the alert ${idle.name} is ${idle.state}`);
    }
    const { result, sentence } = operations.restart(watch, {
      force: isForced(asked),
      by: `the webhook /restart-${name}`,
    });
    if (result !== 'begun') throw refuse(result, DEMAND_STATUS[result], sentence);
    counts.begun += 1;
    return reply.type('text/plain').send('ok');
  });
}

function isForced({ force }: z.infer<typeof query>): boolean {
  return force === '' || force === 'true';
}

/** The watch that the first known of the names means; where nothing is named, the only one there is. */
function meant(names: string[], operations: Operations): string | undefined {
  const [only, another] = operations.watches();
  if (names.length === 0) return another === undefined ? only?.name : undefined;
  for (const name of names) {
    const watch = operations.find(name);
    if (watch !== undefined) return watch;
  }
  return undefined;
}

/** Says that a name means no watch, and which ones there are. */
export function unknown(names: string[], operations: Operations): string {
  const known = operations.watches().map(({ name }) => name);
  const got = names.map((name) => JSON.stringify(name.slice(0, 80))).join(', ') || 'no name';
  return `finding the watch: must be one of ${known.join(', ') || '(there is none)'} or its container, got ${got}`;
}

/** An alert that asks for nothing, of a body that is Grafana’s and holds no other; undefined for every other body. */
function idleAlert(request: FastifyRequest) {
  try {
    const [first, ...more] = readAlerts(JSON.parse(bodyOf(request).toString()));
    if (first === undefined || first.state === 'firing') return undefined;
    return more.some(({ state }) => state === 'firing')
      ? undefined
      : { name: first.name, state: first.state };
  } catch {
    return undefined;
  }
}

function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** @throws Refusal 415 or 400. */
function jsonOf(request: FastifyRequest): unknown {
  const type = request.headers['content-type'];
  if (!/^application\/([\w.-]+\+)?json\b/i.test(type ?? ''))
    throw new Refusal(415, `reading the webhook: must be application/json, got ${type ?? 'no content type'}`);
  try {
    return JSON.parse(bodyOf(request).toString());
  } catch (error) {
    throw new Refusal(400, `reading the webhook: must be JSON, got ${reason(error)}`);
  }
}
