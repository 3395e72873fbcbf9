import { createHmac } from 'node:crypto';
import test from 'ava';
import type { Demand } from '../../../agent/doors/operations.ts';
import { legacyBody, scriptedOperations, serve, unifiedBody } from './support.ts';

const OLD = '/restart-studio-electricity-meter';
const token = 'hunter2';
const authorization = `Bearer ${token}`;
const refused: Demand = { result: 'refused', sentence: 'studio is well: a message 0.4 s ago' };

test('the old chain’s path restarts, whatever its body is', async (t) => {
  const operations = scriptedOperations();
  const { ask, post, counts } = await serve(t, operations, { token });
  const bodies: RequestInit[] = [
    { body: JSON.stringify(legacyBody), headers: { authorization, 'content-type': 'application/json' } },
    { body: JSON.stringify(unifiedBody), headers: { authorization, 'content-type': 'application/json' } },
    { headers: { authorization } },
    { headers: { authorization, 'content-type': 'application/json' } },
    { body: '{"broken', headers: { authorization, 'content-type': 'application/json' } },
    { body: 'a=b', headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' } },
    { body: Buffer.from([0xff, 0x00]), headers: { authorization, 'content-type': 'text/nonsense' } },
    { body: Buffer.from('[]'), headers: { authorization } },
  ];
  for (const init of bodies) {
    const { status, headers, body } = await ask(OLD, { method: 'POST', ...init });
    t.is(status, 200, `${JSON.stringify(init)} ${JSON.stringify(body)}`);
    t.is(body, 'ok');
    t.regex(headers.get('content-type') ?? '', /^text\/plain/);
  }
  t.deepEqual(
    operations.asked,
    bodies.map(() => [
      'restart',
      'studio',
      { force: false, by: 'the webhook /restart-studio-electricity-meter' },
    ]),
  );
  t.is((await post('/restart-garage?force', undefined, { authorization })).status, 200);
  t.is((await post('/restart-garage?force=true', {}, { authorization })).status, 200);
  t.is((await post('/restart-garage?force=false', {}, { authorization })).status, 200);
  t.deepEqual(
    operations.asked.slice(-3).map(([, , demand]) => (demand as { force: boolean }).force),
    [true, true, false],
  );
  t.like(await counts(), { begun: bodies.length + 3, unauthorised: 0, invalid: 0 });
});

test('an alert that is over, or of a Grafana that cannot see, is no trigger of the old path', async (t) => {
  const operations = scriptedOperations();
  const { post, counts } = await serve(t, operations, { token });
  for (const [body, answer] of [
    [{ ...legacyBody, state: 'ok' }, /is not-firing$/],
    [{ ...legacyBody, state: 'pending' }, /is not-firing$/],
    [{ alerts: [{ status: 'resolved' }] }, /is not-firing$/],
    [{ alerts: [{ status: 'firing', labels: { alertname: 'DatasourceError' } }] }, /is datasource-error$/],
  ] as const) {
    const response = await post(OLD, body, { authorization });
    t.is(response.status, 200);
    t.regex(response.body, answer);
  }
  t.deepEqual(operations.asked, []);
  t.like(await counts(), { begun: 0, 'not-firing': 3, 'datasource-error': 1 });
});

test('what is refused by our own evidence, held, or cannot be restarted is told by its status', async (t) => {
  const demands: Demand[] = [
    refused,
    { result: 'held', sentence: 'studio is held until 14:00' },
    { result: 'nothing-to-restart', sentence: 'studio has no container' },
  ];
  const operations = scriptedOperations({ restart: () => demands.shift() ?? refused });
  const { post, counts } = await serve(t, operations, { token });
  const restart = () => post(OLD, {}, { authorization });
  t.like(await restart(), { status: 409, body: { error: refused.sentence } });
  t.like(await restart(), { status: 423, body: { error: 'studio is held until 14:00' } });
  t.like(await restart(), { status: 409, body: { error: 'studio has no container' } });
  t.like(await counts(), { refused: 1, held: 1, 'nothing-to-restart': 1, begun: 0 });
});

test('an unknown name is answered with the known ones, however odd it is', async (t) => {
  const operations = scriptedOperations();
  const { post, counts } = await serve(t, operations, { token });
  for (const [path, got] of [
    ['nobody', '"nobody"'],
    ['%2Fetc%2Fpasswd', '"/etc/passwd"'],
    ['..%2F..%2Fhealthz', '"../../healthz"'],
    ['__proto__', '"__proto__"'],
    ['constructor', '"constructor"'],
    ['%00%0a%1b', '"\\u0000\\n\\u001b"'],
    ['%F0%9F%90%95', '"🐕"'],
  ])
    t.like(
      await post(`/restart-${path}`, {}, { authorization }),
      {
        status: 404,
        body: { error: `finding the watch: must be one of studio, garage or its container, got ${got}` },
      },
      path,
    );
  t.like(await post('/restart-', {}, { authorization }), { status: 404 });
  t.like(await post(`/restart-${'a'.repeat(3000)}`, {}, { authorization }), { status: 414 });
  t.deepEqual(operations.asked, []);
  t.is((await counts())['unknown-watch'], 8);
});

test('the doors are closed until there is a credential, and say which settings open them', async (t) => {
  const operations = scriptedOperations();
  const { post, counts } = await serve(t, operations);
  for (const path of [OLD, '/hooks/grafana'])
    t.like(await post(path, unifiedBody), {
      status: 403,
      body: {
        error:
          'webhooks are closed: agent.http.token, agent.hooks.username and password, or agent.hooks.secret opens them',
      },
    });
  t.deepEqual(operations.asked, []);
  t.is((await counts()).unauthorised, 2);
});

test('who has no credential, a wrong one, or comes from a web page is not let in', async (t) => {
  const operations = scriptedOperations();
  const { post, counts } = await serve(t, operations, { token });
  for (const path of [OLD, '/hooks/grafana', '/restart-nobody']) {
    const response = await post(path, unifiedBody);
    t.is(response.status, 401);
    t.is(response.headers.get('www-authenticate'), 'Bearer, Basic realm="wattdog"');
    t.notRegex(JSON.stringify(response.body), /hunter2|studio/);
    t.is((await post(path, unifiedBody, { authorization: 'Bearer x' })).status, 401);
    t.is((await post(path, unifiedBody, { authorization, origin: 'http://evil.example' })).status, 403);
  }
  t.deepEqual(operations.asked, []);
  t.is((await counts()).unauthorised, 9);
});

test('basic authentication and signatures open the door, the latter over the bytes as they came', async (t) => {
  const operations = scriptedOperations();
  const hooks = { username: 'grafana', password: 'secret', secret: 'key' };
  const { post } = await serve(t, operations, { hooks });
  const body = '{ "alerts" : [ {"status":"firing", "labels":{"watch":"studio","note":"ö"}} ] }';
  const sign = (text: string) => createHmac('sha256', 'key').update(text).digest('hex');
  const stamp = '1700000000';
  for (const headers of [
    { authorization: `Basic ${Buffer.from('grafana:secret').toString('base64')}` },
    { 'x-grafana-alerting-signature': sign(body) },
    { 'x-grafana-alerting-timestamp': stamp, 'x-grafana-alerting-signature': sign(`${stamp}:${body}`) },
  ])
    t.is((await post('/hooks/grafana', body, headers)).status, 200, JSON.stringify(headers));
  const late = '1699999000';
  const replayed = await post('/hooks/grafana', body, {
    'x-grafana-alerting-timestamp': late,
    'x-grafana-alerting-signature': sign(`${late}:${body}`),
  });
  t.is(replayed.status, 401);
  t.regex(replayed.body.error, /within 300 s .* is 1000 s off/);
  t.is(operations.asked.length, 3);
});

test('each unified alert is answered with what was done about it', async (t) => {
  const restart = (name: string): Demand =>
    name === 'studio' ? { result: 'begun', sentence: 'restarting studio' } : refused;
  const operations = scriptedOperations({ restart });
  const { post, counts } = await serve(t, operations, { token });
  const alerts = [
    ...unifiedBody.alerts,
    { status: 'firing', labels: { alertname: 'Silence', meter: 'nobody', container: 'garage' } },
    { status: 'firing', labels: { meter: 'nobody' } },
    { status: 'firing', labels: {} },
  ];
  t.like(await post('/hooks/grafana', { ...unifiedBody, alerts }, { authorization }), {
    status: 200,
    body: {
      alerts: [
        { watch: 'studio', result: 'begun', sentence: 'restarting studio' },
        { result: 'not-firing', sentence: 'the alert does not fire' },
        { result: 'datasource-error', sentence: 'Grafana cannot see its data source: that is no stall' },
        { watch: 'garage', ...refused },
        {
          result: 'unknown-watch',
          sentence: 'finding the watch: must be one of studio, garage or its container, got "nobody"',
        },
        {
          result: 'unknown-watch',
          sentence: 'finding the watch: must be one of studio, garage or its container, got no name',
        },
      ],
    },
  });
  t.deepEqual(operations.asked, [
    ['restart', 'studio', { force: false, by: 'Grafana’s alert Meter is silent' }],
    ['restart', 'garage', { force: false, by: 'Grafana’s alert Silence' }],
  ]);
  t.like(await counts(), {
    begun: 1,
    refused: 1,
    'not-firing': 1,
    'datasource-error': 1,
    'unknown-watch': 2,
  });
});

test('a watch is meant by label, then by the query, then by being the only one', async (t) => {
  const operations = scriptedOperations();
  const { post } = await serve(t, operations, { token });
  const meant = async (labels: Record<string, string>, query = '') => {
    const answer = await post(
      `/hooks/grafana${query}`,
      { alerts: [{ status: 'firing', labels }] },
      { authorization },
    );
    return answer.body.alerts[0].watch;
  };
  t.is(await meant({ watch: 'garage', meter: 'studio', container: 'studio' }, '?watch=studio'), 'garage');
  t.is(await meant({ meter: 'garage', container: 'studio' }, '?watch=studio'), 'garage');
  t.is(await meant({ container: 'studio-electricity-meter' }, '?watch=garage'), 'studio');
  t.is(await meant({ meter: 'main' }, '?watch=garage&force'), 'garage');
  t.is(await meant({}, '?watch=garage'), 'garage');
  t.is(await meant({}, '?watch=nobody'), undefined);
  t.is(await meant({}), undefined);
  t.deepEqual(operations.asked[3]?.[2], { force: true, by: 'Grafana’s alert without a name' });

  const single = scriptedOperations({ watches: () => operations.watches().slice(0, 1) });
  const only = await serve(t, single, { token });
  const alert = (labels: object) => ({ alerts: [{ status: 'firing', labels }] });
  const answers = async (body: unknown) =>
    (await only.post('/hooks/grafana', body, { authorization })).body.alerts[0].watch;
  t.is(await answers(alert({})), 'studio');
  t.is(await answers(legacyBody), 'studio');
  t.is(await answers(alert({ container: 'grafana' })), undefined, 'another thing’s alert');
});

test('what is no webhook of Grafana’s is refused clearly, and counted', async (t) => {
  const operations = scriptedOperations();
  const { ask, post, counts } = await serve(t, operations, { token });
  const hook = (body: unknown, headers: Record<string, string> = {}, query = '') =>
    post(`/hooks/grafana${query}`, body, { authorization, ...headers });
  for (const [status, message, answer] of [
    [400, /^reading the webhook: must be JSON, got /, await hook('{"alerts":[')],
    [400, /must be JSON, got /, await hook('')],
    [400, /must be JSON, got /, await hook(undefined)],
    [400, /must be Grafana’s, .*, got 5$/, await hook('5')],
    [400, /must be Grafana’s, .*, got \{"a":1\}$/, await hook({ a: 1 })],
    [400, /alerts\.0\.status: .*, got "on"$/, await hook({ alerts: [{ status: 'on' }] })],
    [
      400,
      /^reading the query: force: must be empty, true or false, got "yes"$/,
      await hook(legacyBody, {}, '?force=yes'),
    ],
    [
      400,
      /^reading the query: watch: .*string.*, got \["a","b"\]$/,
      await hook(legacyBody, {}, '?watch=a&watch=b'),
    ],
    [415, /must be application\/json, got text\/plain$/, await hook('{}', { 'content-type': 'text/plain' })],
    [415, /, got application\/jsonp$/, await hook('{}', { 'content-type': 'application/jsonp' })],
  ] as const) {
    t.is(answer.status, status, JSON.stringify(answer.body));
    t.regex(answer.body.error, message);
  }
  t.is((await hook(legacyBody, { 'content-type': 'application/json; charset=utf-8' })).status, 200);
  t.is((await counts()).invalid, 10);
  for (const method of ['GET', 'PUT', 'DELETE'])
    t.is((await ask('/hooks/grafana', { method, headers: { authorization } })).status, 404);
  t.deepEqual(operations.asked, []);
});

test('a giant body is refused, by its announced length and by its real one', async (t) => {
  const operations = scriptedOperations();
  const { url, post } = await serve(t, operations, { token });
  const giant = JSON.stringify({ alerts: [], message: 'x'.repeat(300_000) });
  for (const path of [OLD, '/hooks/grafana', '/api/v1/watches/studio/restart']) {
    const answer = await post(path, giant, { authorization });
    t.is(answer.status, 413, path);
    t.regex(answer.body.error, /too large/);
  }
  const chunked = await fetch(`${url}${OLD}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: new Blob([giant]).stream(),
    duplex: 'half',
  });
  t.is(chunked.status, 413);
  t.deepEqual(operations.asked, []);
  const large = JSON.stringify({ ...legacyBody, message: 'x'.repeat(250_000) });
  t.is((await post(OLD, large, { authorization })).status, 200);
});
