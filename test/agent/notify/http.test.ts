import test from 'ava';
import { RefusedError, Sender } from '../../../agent/notify/http.ts';
import { json } from '../../../agent/notify/service.ts';
import { RetryError } from '../../../shared/errors.ts';
import type { Owner } from '../../support/system.ts';
import { NOBODY, type Reply, serve } from './support.ts';

const NOW = Date.parse('2026-01-15T12:00:00Z');
const never = new AbortController().signal;

function sender(t: Owner, deadline?: number): Sender {
  const made = new Sender(() => NOW, deadline);
  t.teardown(() => made.close());
  return made;
}

async function ask(t: Owner, reply: Reply, path = '/api/webhooks/1/s3cr3t?token=s3cr3t2') {
  const server = await serve(t, () => reply);
  // In vain is waited for what never comes alone.
  return sender(t, reply === 'hang' ? 500 : undefined).send(
    json('POST', `${server.url}${path}`, { a: 1 }),
    never,
  );
}

test('the request arrives as it was made, and the answer’s JSON comes back', async (t) => {
  const server = await serve(t, () => ({ status: 200, body: { id: '42' } }));
  const request = json('PATCH', `${server.url}/x?y=1`, { title: 'zähler' }, { 'x-key': 'k' });
  t.deepEqual(await sender(t).send(request, never), { id: '42' });
  const [received] = server.received;
  t.like(received, { method: 'PATCH', path: '/x?y=1', body: { title: 'zähler' } });
  t.like(received?.headers, { 'x-key': 'k', 'content-type': 'application/json', connection: 'close' });
});

test('an answer that is no JSON is none', async (t) => {
  t.is(await ask(t, { status: 200, body: 'ok' }), undefined);
  t.is(await ask(t, { status: 204 }), undefined);
});

const later: [what: string, reply: Reply, afterMs: number | undefined][] = [
  ['429 with seconds in the header', { status: 429, headers: { 'retry-after': '3' } }, 3000],
  [
    '429 with a date in the header',
    { status: 429, headers: { 'retry-after': new Date(NOW + 5000).toUTCString() } },
    5000,
  ],
  ['429 as Discord says it', { status: 429, body: { retry_after: 0.65, global: false } }, 650],
  ['429 as Telegram says it', { status: 429, body: { parameters: { retry_after: 7 } } }, 7000],
  [
    '429 in header and body',
    { status: 429, headers: { 'retry-after': '1' }, body: { retry_after: 2.5 } },
    2500,
  ],
  ['429 without end', { status: 429, headers: { 'retry-after': '99999999' } }, 3_600_000],
  ['429 before now', { status: 429, body: { retry_after: -5 } }, 0],
  ['429 without a word', { status: 429 }, undefined],
  [
    '429 with nonsense',
    { status: 429, headers: { 'retry-after': 'soon' }, body: { retry_after: '?' } },
    undefined,
  ],
  ['503 that says when', { status: 503, headers: { 'retry-after': '9' } }, 9000],
  ['500', { status: 500, body: 'oh' }, undefined],
  ['408', { status: 408 }, undefined],
  ['a page of somebody in between', { status: 302, headers: { location: 'http://router/login' } }, undefined],
  ['an answer that never comes', 'hang', undefined],
  ['a connection that breaks', 'reset', undefined],
];

for (const [what, reply, afterMs] of later)
  test(`later: ${what}`, async (t) => {
    const error = await t.throwsAsync(ask(t, reply), { instanceOf: RetryError });
    t.is(error?.afterMs, afterMs);
  });

test('later: nobody listens', async (t) => {
  const request = json('POST', `${NOBODY}/s3cr3t`, {});
  const error = await t.throwsAsync(sender(t).send(request, never), { instanceOf: RetryError });
  t.notRegex(String(error), /s3cr3t/);
});

for (const status of [400, 401, 403, 404, 410, 413, 422])
  test(`never: ${status}`, async (t) => {
    const reply = { status, body: { code: 10_015, message: 'Unknown Webhook' } };
    const error = await t.throwsAsync(ask(t, reply), { instanceOf: RefusedError });
    t.regex(error?.message ?? '', new RegExp(`^asking 127.0.0.1:\\d+: answered ${status}: Unknown Webhook$`));
    t.deepEqual(error?.answer, reply.body);
  });

test('a server that repeats the address tells no secret', async (t) => {
  const body = { message: 'Route POST:/api/webhooks/1/s3cr3t?token=s3cr3t2 not found' };
  const error = await t.throwsAsync(ask(t, { status: 404, body }));
  t.is(
    error?.message.replace(/:\d+:/, ':'),
    'asking 127.0.0.1: answered 404: Route POST:/api/(hidden)/1/(hidden)?token=(hidden) not found',
  );
});

test('an answer without end is not read to it', async (t) => {
  const error = await t.throwsAsync(ask(t, { status: 200, body: 'x'.repeat(1_000_000) }));
  t.true(error instanceof RetryError);
});

test('whoever stops is not told to try again', async (t) => {
  const server = await serve(t, () => 'hang');
  const stop = new AbortController();
  const sending = sender(t).send(json('POST', server.url, {}), stop.signal);
  stop.abort(new Error('stopped'));
  await t.throwsAsync(sending, { message: 'stopped' });
});
