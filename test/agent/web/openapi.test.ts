import { Validator } from '@seriousme/openapi-schema-validator';
import test, { type ExecutionContext } from 'ava';
import { fastify } from 'fastify';
import type { WatchStatus } from '../../../agent/doors/operations.ts';
import type { Incident } from '../../../agent/guard/incident.ts';
import { feed } from '../house/history.ts';
import { furnish, MIDNIGHT, profile } from '../house/support.ts';
import { moments, scriptedOperations, serve } from './support.ts';

const LATER = MIDNIGHT + 3_600_000;

const incident: Incident = {
  ...{ id: 7, watch: 'studio', began: MIDNIGHT, detected: LATER, cause: 'frozen' },
  ...{ verdict: 'it does not answer', evidence: { silence: 5, probe: { unanswered: 3, limit: 2 } } },
  tries: [
    {
      ...{ at: LATER, rung: 'restart', target: 'container studio', result: 'running', detail: '' },
      steps: [{ action: 'kill', tookMs: 5.5 }],
    },
  ],
  help: { at: LATER, why: 'it does not come back' },
  ...{ firstMessage: LATER, recovered: LATER, drill: true },
  loss: { readings: 2, seconds: 3.6, energy: 0.1 },
  withdrawn: { at: LATER, why: 'its container was removed' },
};

const watch: WatchStatus = {
  ...{ name: 'studio', topics: ['wattdog/studio/reading'], target: 'container studio', heldUntil: LATER },
  verdict: {
    ...{ state: 'stalled', cause: 'frozen', sentence: 'it does not answer' },
    evidence: { silence: 5, limits: { median: 1, suspect: 2, stalled: 3 }, hold: 'held', fresh: 2 },
  },
};

const operations = scriptedOperations({
  watches: () => [watch],
  incidents: () => [incident, { ...incident, id: 8, tries: [] }],
  drill: () => moments([{ at: LATER, what: 'frozen', detail: 'paused' }]),
});

interface Operation {
  operationId: string;
  summary?: string;
  parameters?: { name: string; in: string; description?: string; schema: object }[];
  requestBody?: unknown;
  responses: Record<string, { description: string; content: Record<string, { schema: object }> }>;
}

interface Document {
  servers: { url: string }[];
  security: object[];
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
  paths: Record<string, Record<string, Operation>>;
}

/** The server on a house with a past, and the document it gives. */
async function setUp(t: ExecutionContext) {
  const { read, last } = feed(MIDNIGHT);
  const past = [...last(1000, 3600, 60), read(500, 60, { gap_seconds: 600, gap_energy: 0.1 })];
  const { house } = furnish(t, past, {
    operations,
    known: [
      { name: 'main', profile },
      { name: 'empty', profile },
    ],
    stores: [
      { name: 'vm', written: 1, rejected: 0, retries: 0, lag: 0, downSince: MIDNIGHT, lastError: 'away' },
    ],
  });
  const web = await serve(t, operations, { queries: house, now: LATER + 3_600_000 });
  const document: Document = (await web.ask('/api/v1/openapi.json')).body;
  return { ...web, document };
}

test('the document is valid, and describes everything', async (t) => {
  const { document } = await setUp(t);
  t.deepEqual((await new Validator().validate({ ...document })).errors, undefined);
  t.deepEqual(
    document.servers.map(({ url }) => url),
    ['/api/v1'],
  );
  t.deepEqual(document.security, [{ token: [] }, {}]);
  t.like(document.components.securitySchemes.token, { type: 'http', scheme: 'bearer' });
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const ids = operations.map(({ operationId }) => operationId);
  t.is(new Set(ids).size, 15);
  for (const { operationId, summary, parameters = [], responses } of operations) {
    t.truthy(summary, operationId);
    for (const { name, description } of parameters) t.truthy(description, `${operationId}: ${name}`);
    for (const { description } of Object.values(responses))
      t.not(description, 'Default Response', operationId);
  }
  for (const name of ['Meter', 'Power', 'Energy', 'Gap', 'Store', 'Agent', 'Watch', 'Incident'])
    t.true(name in document.components.schemas, name);
});

/** Each documented operation, in ways that cover its answers. */
const CALLS: Record<string, [status: string, path: string, body?: object][]> = {
  getAgent: [['200', '/agent']],
  listMeters: [['200', '/meters']],
  getPower: [
    ['200', `/meters/main/power?from=${MIDNIGHT}&to=${LATER + 900_000}`],
    ['200', `/meters/main/power?from=${MIDNIGHT}&points=20`],
    ['200', '/meters/main/power?from=2025-01-01T00:00:00Z'],
    ['200', '/meters/empty/power'],
    ['4XX', '/meters/main/power?points=x'],
    ['4XX', '/meters/nobody/power'],
  ],
  getEnergy: [
    ['200', '/meters/main/energy'],
    ['200', '/meters/main/energy?unit=hour'],
    ['200', '/meters/main/energy?unit=month&from=2026-01-01T00:00:00%2B01:00'],
    ['4XX', '/meters/main/energy?unit=week'],
  ],
  forgetMeter: [['200', '/meters/main/forget', {}]],
  listGaps: [
    ['200', '/gaps'],
    ['4XX', '/gaps?form=5'],
  ],
  listStores: [['200', '/stores']],
  listWatches: [['200', '/watches']],
  listIncidents: [
    ['200', '/incidents?limit=2'],
    ['4XX', '/incidents?limit=-2'],
  ],
  restart: [
    ['200', '/watches/studio/restart', {}],
    ['4XX', '/watches/studio/restart', { force: 1 }],
  ],
  hold: [['200', '/watches/studio/hold', { for: '2h' }]],
  release: [['200', '/watches/studio/release', {}]],
  drill: [['200', '/watches/studio/drill', {}]],
  getOpenApi: [['200', '/openapi.json']],
};

test('every documented path answers as it is documented', async (t) => {
  const { url, document } = await setUp(t);
  const conforms = checker(document);
  for (const [template, methods] of Object.entries(document.paths))
    for (const [method, { operationId, responses }] of Object.entries(methods)) {
      // It never ends; test/agent/web/live.test.ts listens to it.
      if (operationId === 'listen') continue;
      const calls = CALLS[operationId];
      if (calls === undefined) t.fail(`${operationId} is documented and not called here`);
      for (const [status, path, body] of calls ?? []) {
        t.regex(path, new RegExp(`^${template.replace(/\{\w+\}/g, '\\w+')}($|\\?)`));
        const answer = await fetch(`${url}/api/v1${path}`, {
          method,
          ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        });
        const text = await answer.text();
        t.is(answer.headers.get('cache-control'), 'no-store');
        t.true(
          String(answer.status).startsWith(status.replaceAll('X', '')),
          `${path}: ${answer.status} ${text}`,
        );
        const [type = '', { schema = {} } = {}] = Object.entries(responses[status]?.content ?? {})[0] ?? [];
        t.true(answer.headers.get('content-type')?.startsWith(type), `${path}: ${type}`);
        t.is(await conforms(schema, text), 'yes', `${method} ${path}: ${text.slice(0, 500)}`);
      }
    }
});

test('what does not conform is seen', async (t) => {
  const { document } = await setUp(t);
  const conforms = checker(document);
  const schema = { $ref: '#/components/schemas/Refusal' };
  t.is(await conforms(schema, '{"error":"x"}'), 'yes');
  t.regex(await conforms(schema, '{"error":5}'), /must be string/);
  t.regex(await conforms(schema, '{"error":"x","more":1}'), /additional properties/);
  t.regex(await conforms(schema, '{}'), /required property/);
});

/** Checks answers against the documented schemas: fastify judges them as it judges requests, and changes nothing. */
function checker({ components }: Document): (schema: object, json: string) => Promise<string> {
  const strictly = {
    removeAdditional: false,
    coerceTypes: false,
    useDefaults: false,
    strict: false,
  } as const;
  return async (schema, payload) => {
    const judge = fastify({ ajv: { customOptions: strictly } });
    judge.post('/', { schema: { body: { ...inner(schema), components } } }, () => 'yes');
    const answer = await judge.inject({
      method: 'POST',
      url: '/',
      headers: { 'content-type': 'application/json' },
      payload,
    });
    await judge.close();
    return answer.body;
  };
}

/** In the version of JSON Schema that fastify knows, nothing counts beside a reference. */
function inner(schema: object): object {
  return '$ref' in schema ? { allOf: [schema] } : schema;
}
