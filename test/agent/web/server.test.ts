import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'ava';
import type { Readiness } from '../../../agent/web/server.ts';
import { GiveUpError } from '../../../shared/errors.ts';
import { scriptedOperations, serve } from './support.ts';

test('healthz says that the process turns, and nothing of meters', async (t) => {
  const { ask } = await serve(t, scriptedOperations(), { readiness: () => ({ broker: 'no session' }) });
  t.like(await ask('/healthz'), { status: 200, body: { status: 'ok' } });
});

test('readyz is 200 when every check is true, otherwise 503 with the reason', async (t) => {
  const checks: Readiness = { broker: true, journal: true };
  const { ask } = await serve(t, scriptedOperations(), { readiness: () => checks });
  t.is((await ask('/readyz')).status, 200);
  checks.journal = 'writing the journal: disk full';
  t.like(await ask('/readyz'), { status: 503, body: { status: 'not ready', checks } });
});

test('metrics are text, and need the token where there is one', async (t) => {
  const open = await serve(t, scriptedOperations());
  const { headers, body } = await open.ask('/metrics');
  t.regex(body, /"begun":0/);
  t.regex(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);

  const { ask } = await serve(t, scriptedOperations(), { token: 'gehëim' });
  const bytes = (text: string) => Buffer.from(text).toString('latin1');
  const get = (authorization: string) => ask('/metrics', { headers: { authorization } });
  for (const wrong of ['', 'Bearer', 'Bearer wrong', 'Basic gehëim', 'gehëim', 'Bearer geheim'])
    t.is((await get(bytes(wrong))).status, 401, wrong);
  t.is((await ask('/metrics')).status, 401);
  t.is((await get(bytes('Bearer gehëim'))).status, 200);
  t.is((await ask('/healthz')).status, 200, 'its own liveness is no secret');
});

test('there is nothing else, and that is said as JSON', async (t) => {
  const { ask, post } = await serve(t, scriptedOperations(), { token: 'x' });
  for (const path of [
    '/nothing',
    '/metrics/',
    '/../etc/passwd',
    '/api',
    '/api/v2/watches',
    `/${'a'.repeat(5000)}`,
  ])
    t.like(await ask(path), { status: 404, body: { error: 'there is nothing here' } }, path);
  t.is((await post('/healthz', {})).status, 404);
});

test('a URL that cannot be read is refused, and so is no HTTP at all', async (t) => {
  const { ask, port } = await serve(t, scriptedOperations(), { token: 'x' });
  t.like(await ask('/restart-%zz', { method: 'POST' }), { status: 400 });
  const socket = connect(port, '127.0.0.1').end('\x16\x03\x01 hello\r\n\r\n');
  t.regex(await text(socket), /^HTTP\/1\.1 400/);
  t.is((await ask('/healthz')).status, 200);
});

test('a taken port is said with the setting to change', async (t) => {
  const { port } = await serve(t, scriptedOperations());
  await t.throwsAsync(serve(t, scriptedOperations(), { port }), {
    instanceOf: GiveUpError,
    message: /EADDRINUSE.*agent\.http\.port/,
  });
});

test('what fails inside is told to the log, not to whoever asked', async (t) => {
  const watches = () => {
    throw new Error('secret detail');
  };
  const { ask } = await serve(t, scriptedOperations({ watches }));
  const { status, body } = await ask('/api/v1/watches');
  t.is(status, 500);
  t.deepEqual(body, { error: 'the agent failed; its log says how' });
});
