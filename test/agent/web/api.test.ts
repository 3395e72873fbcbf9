import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import test from 'ava';
import type { Demand } from '../../../agent/doors/operations.ts';
import type { Moment } from '../../../agent/guard/incident.ts';
import { GiveUpError, RetryError } from '../../../shared/errors.ts';
import { aborted } from '../../../shared/time.ts';
import { until } from '../../support/system.ts';
import { moments, scriptedOperations, serve } from './support.ts';

const STUDIO = '/api/v1/watches/studio';

test('watches and incidents are told as they are', async (t) => {
  const limits: number[] = [];
  const incidents = (limit: number) => {
    limits.push(limit);
    return [];
  };
  const operations = scriptedOperations({ incidents });
  const { ask } = await serve(t, operations);
  t.like(await ask('/api/v1/watches'), { status: 200, body: { watches: operations.watches() } });
  t.like(await ask('/api/v1/incidents'), { status: 200, body: { incidents: [] } });
  await ask('/api/v1/incidents?limit=7');
  t.deepEqual(limits, [20, 7]);
  for (const limit of ['-1', 'x', '1e3', '10000', ''])
    t.like(await ask(`/api/v1/incidents?limit=${limit}`), {
      status: 400,
      body: {
        error: `listing incidents: limit: must be a whole number from 1 to 9999, got ${JSON.stringify(limit)}`,
      },
    });
});

test('restart, hold and release do what they say', async (t) => {
  const demands: Demand[] = [
    { result: 'begun', sentence: 'a' },
    { result: 'refused', sentence: 'b' },
    { result: 'held', sentence: 'c' },
    { result: 'nothing-to-restart', sentence: 'd' },
  ];
  const rest = [...demands];
  const operations = scriptedOperations({ restart: () => rest.shift() ?? { result: 'begun', sentence: '' } });
  const { url, post } = await serve(t, operations);
  for (const [index, status] of [200, 409, 423, 409].entries())
    t.like(await post(`${STUDIO}/restart`, {}), { status, body: demands[index] });
  await post('/api/v1/watches/studio-electricity-meter/restart', { force: true });
  t.like(await post(`${STUDIO}/hold`, { for: '2h' }), {
    status: 200,
    body: { watch: 'studio', heldUntil: 1_700_000_000_000 + 7_200_000 },
  });
  t.like(await post(`${STUDIO}/release`, {}), { status: 200, body: { watch: 'studio' } });
  await post(`${STUDIO}/release`, {}, { origin: url });
  const by = 'the HTTP API';
  t.deepEqual(operations.asked.slice(3), [
    ['restart', 'studio', { force: false, by }],
    ['restart', 'studio', { force: true, by }],
    ['hold', 'studio', 7_200_000, by],
    ['release', 'studio', by],
    ['release', 'studio', 'the page'],
  ]);
});

test('a watch that maintenance still holds after its release says until when', async (t) => {
  const plain = scriptedOperations();
  const watches = () => plain.watches().map((watch) => ({ ...watch, heldUntil: 5 }));
  const { post } = await serve(t, scriptedOperations({ watches }));
  t.deepEqual((await post(`${STUDIO}/release`, {})).body, { watch: 'studio', heldUntil: 5 });
});

test('what does not fit is refused with the rule and the value', async (t) => {
  const operations = scriptedOperations();
  const { ask, post } = await serve(t, operations);
  for (const [status, message, answer] of [
    [
      404,
      /^finding the watch: must be one of studio, garage or its container, got "nobody"$/,
      await post('/api/v1/watches/nobody/hold', { for: '1h' }),
    ],
    [404, /got "a\/b"$/, await post('/api/v1/watches/a%2Fb/restart', {})],
    [404, /there is nothing here/, await post('/api/v1/watches/a/b/restart', {})],
    [400, /^holding: for: .*, got nothing$/, await post(`${STUDIO}/hold`, {})],
    [
      400,
      /^holding: for: must be a number with a unit .*, got "2 hours"$/,
      await post(`${STUDIO}/hold`, { for: '2 hours' }),
    ],
    [400, /^holding: for: must be at least 1s, got "0s"$/, await post(`${STUDIO}/hold`, { for: '0s' })],
    [400, /^holding: for: must be at most 24d, got "25d"$/, await post(`${STUDIO}/hold`, { for: '25d' })],
    [400, /^holding: for: .*, got 7200$/, await post(`${STUDIO}/hold`, { for: 7200 })],
    [400, /^restarting: force: .*, got "yes"$/, await post(`${STUDIO}/restart`, { force: 'yes' })],
    [
      400,
      /^restarting: .*"forced".*, got \{"forced":true\}$/,
      await post(`${STUDIO}/restart`, { forced: true }),
    ],
    [400, /^restarting: .*, got \[\]$/, await post(`${STUDIO}/restart`, [])],
    [400, /^releasing: .*, got \{"for":"1h"\}$/, await post(`${STUDIO}/release`, { for: '1h' })],
    [400, /JSON/, await post(`${STUDIO}/restart`, '{"force":')],
    [400, /[Bb]ody cannot be empty/, await post(`${STUDIO}/restart`, undefined)],
    [400, /__proto__|not valid/, await post(`${STUDIO}/restart`, '{"__proto__":{"force":true}}')],
    [415, /must be application\/json, got none$/, await ask(`${STUDIO}/restart`, { method: 'POST' })],
    [415, /got text\/plain$/, await post(`${STUDIO}/restart`, '{}', { 'content-type': 'text/plain' })],
  ] as const) {
    t.is(answer.status, status, JSON.stringify(answer.body));
    t.regex(answer.body.error, message);
  }
  t.deepEqual(operations.asked, []);
});

test('with a token, who carries it may ask and nobody else', async (t) => {
  const operations = scriptedOperations();
  const { ask, post } = await serve(t, operations, { token: 'hunter2' });
  for (const authorization of [undefined, 'Bearer x', 'Basic aHVudGVyMg=='])
    for (const path of ['/api/v1/watches', '/api/v1/incidents', `${STUDIO}/restart`]) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = path.endsWith('restart') ? await post(path, {}, headers) : await ask(path, { headers });
      t.is(answer.status, 401);
      t.is(answer.headers.get('www-authenticate'), 'Bearer');
      t.is(answer.body.error, 'a bearer token is required: the setting agent.http.token');
    }
  const authorization = 'Bearer hunter2';
  t.is((await ask('/api/v1/watches', { headers: { authorization } })).status, 200);
  t.is((await post(`${STUDIO}/restart`, {}, { authorization, origin: 'http://evil.example' })).status, 403);
  t.deepEqual(operations.asked, []);
  t.is((await post(`${STUDIO}/restart`, {}, { authorization })).status, 200);
});

test('without a token, web pages of other sites get nothing', async (t) => {
  const operations = scriptedOperations();
  const { url, port, ask, post } = await serve(t, operations);
  const asHost = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      get(`${url}/api/v1/watches`, { headers: { host } }, (response) => {
        text(response).then(() => resolve(response.statusCode), reject);
      }).on('error', reject);
    });
  t.is(await asHost(`evil.example:${port}`), 403, 'DNS rebinding');
  t.is(await asHost('192.168.1.2'), 403);
  t.is(await asHost(`localhost:${port}`), 200);
  t.is(await asHost(`[::1]:${port}`), 200);
  for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1'])
    t.is((await post(`${STUDIO}/restart`, {}, { origin })).status, 403);
  t.is((await ask('/api/v1/watches', { headers: { origin: 'http://evil.example' } })).status, 403);
  const form = { method: 'POST', body: new URLSearchParams({ force: 'true' }) };
  t.is((await ask(`${STUDIO}/restart`, form)).status, 415);
  t.deepEqual(operations.asked, []);
  t.is((await post(`${STUDIO}/restart`, {}, { origin: url })).status, 200, 'our own page');
});

const timeline: Moment[] = [
  { at: 1000, what: 'frozen', detail: 'container studio paused' },
  { at: 3100, what: 'convicted', detail: 'does not answer' },
  { at: 6600, what: 'verified', detail: '3 fresh messages' },
];

test('a drill is told moment by moment, each when it happens', async (t) => {
  const go = Promise.withResolvers<void>();
  async function* drill(): AsyncGenerator<Moment> {
    const [first, ...rest] = timeline;
    if (first) yield first;
    await go.promise;
    yield* rest;
  }
  const { url } = await serve(t, scriptedOperations({ drill }));
  const response = await fetch(`${url}${STUDIO}/drill`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  t.is(response.status, 200);
  t.is(response.headers.get('content-type'), 'application/x-ndjson');
  let told = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    told += chunk;
    // Only what has come before lets it go on.
    if (told.split('\n').length === 2) go.resolve();
  }
  t.is(told, timeline.map((moment) => `${JSON.stringify(moment)}\n`).join(''));
});

test('a drill that cannot begin is told by its status, one that breaks off in its last line', async (t) => {
  const failing = (before: Moment[], error: Error) =>
    async function* () {
      yield* before;
      throw error;
    };
  for (const [error, status] of [
    [new GiveUpError('studio has nothing to freeze'), 409],
    [new RetryError('the engine is away'), 503],
    [new Error('a bug'), 500],
  ] as const) {
    const { post } = await serve(t, scriptedOperations({ drill: failing([], error) }));
    const answer = await post(`${STUDIO}/drill`, {});
    t.is(answer.status, status);
    t.is(answer.body.error, status === 500 ? 'the agent failed; its log says how' : error.message);
  }
  const { post } = await serve(
    t,
    scriptedOperations({ drill: failing(timeline.slice(0, 1), new RetryError('the engine is away')) }),
  );
  const { status, body } = await post(`${STUDIO}/drill`, {});
  t.is(status, 200);
  t.deepEqual(
    String(body)
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
    [timeline[0], { error: 'the engine is away' }],
  );
  t.is((await post('/api/v1/watches/nobody/drill', {})).status, 404);
});

test('a client that goes away ends the drill, be it before or after the first moment', async (t) => {
  for (const before of [[], timeline.slice(0, 1)]) {
    let begun = false;
    let ended = false;
    async function* drill(_watch: string, _by: string, signal: AbortSignal): AsyncGenerator<Moment> {
      begun = true;
      yield* moments(before);
      await aborted(signal);
      ended = true;
    }
    const { url } = await serve(t, scriptedOperations({ drill }));
    const stop = new AbortController();
    const asking = fetch(`${url}${STUDIO}/drill`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      signal: stop.signal,
    });
    if (before.length > 0) await asking;
    else await until('the drill to begin', 10_000, () => begun);
    t.false(ended);
    stop.abort();
    await asking.catch(() => {});
    await until('the drill to end', 10_000, () => ended);
  }
});

test('closing the server ends a drill', async (t) => {
  let ended = false;
  async function* drill(_watch: string, _by: string, signal: AbortSignal): AsyncGenerator<Moment> {
    yield* timeline.slice(0, 1);
    await aborted(signal);
    ended = true;
  }
  const { url, close } = await serve(t, scriptedOperations({ drill }));
  const response = await fetch(`${url}${STUDIO}/drill`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  await close();
  await until('the drill to end', 10_000, () => ended);
  await t.throwsAsync(response.text());
});
