import test, { type ExecutionContext } from 'ava';
import { type Readiness, startWeb } from '../../../agent/web/server.ts';
import { GiveUpError } from '../../../shared/errors.ts';

async function serve(t: ExecutionContext, options: { token?: string; readiness?: () => Readiness } = {}) {
  const { token, readiness = () => ({}) } = options;
  const settings = { host: '127.0.0.1', port: 0, ...(token === undefined ? {} : { token }) };
  const web = await startWeb(settings, { readiness, metrics: async () => 'up 1\n' });
  t.teardown(web.close);
  const get = (path: string, authorization?: string) =>
    fetch(
      `http://127.0.0.1:${web.port}${path}`,
      authorization === undefined ? {} : { headers: { authorization } },
    );
  return { get, port: web.port };
}

test('healthz says that the process turns, and nothing of meters', async (t) => {
  const { get } = await serve(t, { readiness: () => ({ broker: 'no session' }) });
  const response = await get('/healthz');
  t.is(response.status, 200);
  t.deepEqual(await response.json(), { status: 'ok' });
});

test('readyz is 200 when every check is true, otherwise 503 with the reason', async (t) => {
  const checks: Readiness = { broker: true, journal: true };
  const { get } = await serve(t, { readiness: () => checks });
  t.is((await get('/readyz')).status, 200);
  checks.journal = 'writing the journal: disk full';
  const response = await get('/readyz');
  t.is(response.status, 503);
  t.deepEqual(await response.json(), { status: 'not ready', checks });
});

test('metrics are text, and need the token where there is one', async (t) => {
  const open = await serve(t);
  const response = await open.get('/metrics');
  t.is(await response.text(), 'up 1\n');
  t.regex(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);

  const closed = await serve(t, { token: 'gehëim' });
  for (const wrong of [undefined, '', 'Bearer', 'Bearer wrong', 'Basic gehëim', 'gehëim'])
    t.is((await closed.get('/metrics', wrong && Buffer.from(wrong).toString('latin1'))).status, 401, wrong);
  t.is((await closed.get('/healthz')).status, 200, 'its own liveness is no secret');
  const ascii = await serve(t, { token: 'secret' });
  t.is((await ascii.get('/metrics', 'Bearer secret')).status, 200);
  t.is((await ascii.get('/metrics', 'Bearer secreT')).status, 401);
});

test('there is nothing else', async (t) => {
  const { get } = await serve(t);
  for (const path of ['/', '/metrics/', '/../etc/passwd']) t.is((await get(path)).status, 404, path);
});

test('a taken port is said with the setting to change', async (t) => {
  const { port } = await serve(t);
  const second = startWeb({ host: '127.0.0.1', port }, { readiness: () => ({}), metrics: async () => '' });
  await t.throwsAsync(second, { instanceOf: GiveUpError, message: /EADDRINUSE.*agent\.http\.port/ });
});
