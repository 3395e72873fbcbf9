import { spawn } from 'node:child_process';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Incident } from '../../../agent/guard/incident.ts';
import { createMessenger } from '../../../agent/notify/messenger.ts';
import type { NotifySettings } from '../../../shared/settings/schema.ts';
import { silentLog, temporaryFolder, until } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';
import {
  BEGAN,
  healed,
  NOBODY,
  pass,
  type Received,
  serve,
  testIncident,
  testSettings,
  testTry,
} from './support.ts';

type ServiceSettings = NotifySettings['services'][number];

const help = { at: BEGAN + 60_000, why: 'there is no container' };
const ok = () => ({ status: 200, body: 'ok' });
const created = () => ({ status: 200, body: { id: '42' } });

const discordAt = (url: string): ServiceSettings => ({
  kind: 'discord',
  url: `${url}/api/webhooks/1/s3cr3t`,
});
const slackAt = (url: string): ServiceSettings => ({ kind: 'slack', url: `${url}/services/s3cr3t` });

/** A messenger in virtual time, running until the test ends or it is stopped. */
function start(
  t: ExecutionContext,
  services: ServiceSettings[],
  path = join(temporaryFolder(t), 'notify.db'),
  deadline = 30_000,
) {
  const time = virtualTime(BEGAN);
  const options = { path, zone: 'UTC', time, log: silentLog, deadline, backoff: () => 1000 };
  const messenger = createMessenger(testSettings({ services }), options);
  const end = new AbortController();
  const running = messenger.run(end.signal);
  const stop = async () => {
    if (end.signal.aborted) return;
    end.abort();
    await running;
    await messenger.close();
  };
  t.teardown(stop);
  return { messenger, time, stop, path };
}

/** The title of what was sent, to whichever service. */
function titleOf({ body }: Received): string {
  const { embeds, attachments, title } = body as Record<string, { title: string }[]> & { title: string };
  return embeds?.[0]?.title ?? attachments?.[0]?.title ?? title;
}

const said = (received: Received[]) => received.map((one) => `${one.method} ${titleOf(one)}`);
const nothingPending = (messenger: ReturnType<typeof createMessenger>) => () =>
  messenger.status().every(({ pending }) => pending === 0);

test('one message, posted once and then edited until it is over', async (t) => {
  const server = await serve(t, created);
  const { messenger, time } = start(t, [discordAt(server.url)]);
  const stages: Partial<Incident>[] = [{}, { tries: [testTry()] }, healed];
  for (const stage of stages) {
    messenger.tell(testIncident(stage));
    await pass('the service to know', time, nothingPending(messenger));
  }
  t.deepEqual(said(server.received), [
    'POST main froze',
    'PATCH main froze',
    'PATCH main is back after 9.8 s',
  ]);
  t.is(server.received[2]?.path, '/api/webhooks/1/s3cr3t/messages/42');
  t.like(messenger.status()[0], { name: 'discord', pending: 0, sent: 3, failures: 0, refused: 0 });
});

test('what comes in one go is told in one', async (t) => {
  const server = await serve(t, created);
  const { messenger, time } = start(t, [discordAt(server.url)]);
  for (let tries = 0; tries < 50; tries++)
    messenger.tell(testIncident({ tries: Array.from({ length: tries }, () => testTry()) }));
  messenger.tell(testIncident(healed));
  await pass('the service to know', time, nothingPending(messenger));
  t.deepEqual(said(server.received), ['POST main is back after 9.8 s']);
});

test('a call for help is sent as soon as it is told, as it stood then', async (t) => {
  const server = await serve(t, created);
  const { messenger, time } = start(t, [discordAt(server.url)]);
  const incident = testIncident({ help });
  messenger.tell(incident);
  incident.watch = 'changed since';
  // So small a step that nothing which looks at the queue now and then would look.
  await pass('the message', time, () => server.received.length === 1, 1);
  t.deepEqual(said(server.received), ['POST main needs you']);
});

test('changes while a message is on its way become one more', async (t) => {
  const server = await serve(t, created);
  const { messenger, time } = start(t, [discordAt(server.url)]);
  messenger.tell(testIncident());
  await pass('the first message', time, () => server.received.length === 1);
  for (let tries = 1; tries < 20; tries++)
    messenger.tell(testIncident({ tries: Array.from({ length: tries }, () => testTry()) }));
  messenger.tell(testIncident(healed));
  await pass('the service to know', time, nothingPending(messenger));
  t.deepEqual(said(server.received), ['POST main froze', 'PATCH main is back after 9.8 s']);
});

test('where nothing can be edited: it began, help, over, and not a word for each try', async (t) => {
  const server = await serve(t, ok);
  const { messenger, time } = start(t, [slackAt(server.url)]);
  messenger.tell(testIncident());
  await pass('the first message', time, () => server.received.length === 1);
  for (let tries = 1; tries < 5; tries++) {
    messenger.tell(testIncident({ tries: Array.from({ length: tries }, () => testTry()) }));
    await time.advance(20_000);
  }
  messenger.tell(testIncident({ tries: [testTry()], help }));
  await pass('the call for help', time, () => server.received.length === 2);
  messenger.tell(testIncident({ ...healed, help }));
  await pass('the end', time, nothingPending(messenger));
  t.deepEqual(said(server.received), [
    'POST main froze',
    'POST main needs you',
    'POST main is back after 9.8 s',
  ]);
});

test('an operator’s stop is no news', async (t) => {
  const server = await serve(t, created);
  const { messenger, time } = start(t, [discordAt(server.url), slackAt(server.url)]);
  messenger.tell(testIncident());
  await time.advance(1000);
  messenger.tell(testIncident({ tries: [testTry({ result: 'respected' })] }));
  await time.advance(60_000);
  messenger.tell(testIncident({ tries: [testTry({ result: 'respected' })], recovered: BEGAN + 90_000 }));
  messenger.tell(testIncident({ ...healed, watch: 'other' }));
  await pass('the services to know', time, nothingPending(messenger));
  await pass('both to have been told of the other', time, () => server.received.length >= 2);
  t.deepEqual(new Set(said(server.received)), new Set(['POST other is back after 9.8 s']));
});

test('incidents are told in the order in which they came', async (t) => {
  const server = await serve(t, created);
  const { messenger, time } = start(t, [discordAt(server.url)]);
  for (const watch of ['c', 'a', 'b'])
    messenger.tell(testIncident({ ...healed, watch, detected: BEGAN + watch.charCodeAt(0) }));
  await pass('the service to know', time, nothingPending(messenger));
  t.deepEqual(
    server.received.map((one) => titleOf(one).slice(0, 1)),
    ['a', 'b', 'c'],
  );
});

test('a service that says when is asked again then, and not before', async (t) => {
  const busy = [
    { status: 429, headers: { 'retry-after': '30' } },
    { status: 429, body: { retry_after: 20.5 } },
  ];
  const at: number[] = [];
  const server = await serve(t, (_request, index) => {
    at.push(time.monotonic());
    return busy[index] ?? created();
  });
  const { messenger, time } = start(t, [discordAt(server.url)]);
  messenger.tell(testIncident(healed));
  await pass('the service to know', time, nothingPending(messenger));
  const [first = 0, second = 0, third = 0] = at;
  t.true(second - first >= 30_000 && third - second >= 20_500, at.join(' '));
  t.like(messenger.status()[0], { sent: 1, failures: 2 });
  t.is(messenger.status()[0]?.lastError, undefined);
});

test('nothing is lost while a service is dead, and one that hangs delays no other', async (t) => {
  const hanging = await serve(t, () => 'hang');
  const well = await serve(t, created);
  const services = [
    { ...slackAt(NOBODY), name: 'dead' },
    { ...slackAt(hanging.url), name: 'hanging' },
    { ...discordAt(well.url), name: 'well' },
  ];
  const { messenger, time } = start(t, services, undefined, 2000);
  messenger.tell(testIncident());
  await pass('the first message', time, () => well.received.length === 1);
  messenger.tell(testIncident(healed));
  await pass('the end', time, () => well.received.length === 2);
  await pass('the dead one to have been tried often', time, () => (messenger.status()[0]?.failures ?? 0) > 5);
  t.like(messenger.status()[0], { pending: 1, sent: 0, refused: 0 });
  t.regex(messenger.status()[0]?.lastError ?? '', /ECONNREFUSED/);
  t.notRegex(JSON.stringify(messenger.status()), /s3cr3t/);
  await pass(
    'the hanging one to have been given up once',
    time,
    () => (messenger.status()[1]?.failures ?? 0) > 0,
  );
  t.like(messenger.status()[1], { pending: 1, sent: 0 });
});

test('what a dead service missed is told once, and as it ended', async (t) => {
  let dead = true;
  const server = await serve(t, () => (dead ? 'reset' : ok()));
  const { messenger, time } = start(t, [slackAt(server.url)]);
  for (const stage of [{}, { tries: [testTry()], help }, { ...healed, help }]) {
    const before = server.received.length;
    messenger.tell(testIncident(stage));
    await pass('another try', time, () => server.received.length > before);
  }
  dead = false;
  const missed = server.received.length;
  await pass('the service to know', time, nothingPending(messenger));
  t.deepEqual(said(server.received.slice(missed)), ['POST main is back after 9.8 s']);
});

test('a refusal is for good, for this incident', async (t) => {
  const server = await serve(t, (_request, index) => (index === 0 ? { status: 401 } : created()));
  const { messenger, time } = start(t, [discordAt(server.url)]);
  messenger.tell(testIncident());
  await pass('the refusal', time, () => messenger.status()[0]?.refused === 1);
  t.regex(messenger.status()[0]?.lastError ?? '', /answered 401/);
  messenger.tell(testIncident(healed));
  messenger.tell(testIncident({ ...healed, watch: 'other' }));
  await pass('the service to know', time, nothingPending(messenger));
  t.deepEqual(said(server.received), ['POST main froze', 'POST other is back after 9.8 s']);
  t.like(messenger.status()[0], { sent: 1, failures: 1, refused: 1 });
});

test('what a service stumbles over does not keep the rest back', async (t) => {
  const server = await serve(t, (one) => (titleOf(one).startsWith('bad') ? { status: 500 } : created()));
  const { messenger, time } = start(t, [discordAt(server.url)]);
  messenger.tell(testIncident({ ...healed, watch: 'bad' }));
  messenger.tell(testIncident({ ...healed, watch: 'good', detected: BEGAN + 60_000 }));
  await pass('the good one', time, () => said(server.received).includes('POST good is back after 9.8 s'));
  await pass('the service to know of it', time, () => messenger.status()[0]?.sent === 1);
  t.is(messenger.status()[0]?.pending, 1);
});

test('a service that has the message already is content', async (t) => {
  const unchanged = { status: 400, body: { ok: false, description: 'Bad Request: message is not modified' } };
  const server = await serve(t, (_request, index) =>
    index === 0 ? { status: 200, body: { ok: true, result: { message_id: 7 } } } : unchanged,
  );
  const { messenger, time } = start(t, [{ kind: 'telegram', token: '1:s3cr3t', chat: '1', url: server.url }]);
  messenger.tell(testIncident());
  await pass('the first message', time, nothingPending(messenger));
  messenger.tell(testIncident(healed));
  await pass('the service to know', time, nothingPending(messenger));
  t.like(messenger.status()[0], { sent: 2, refused: 0 });
});

test('after a restart the message is edited, not sent again', async (t) => {
  const server = await serve(t, created);
  const first = start(t, [discordAt(server.url)]);
  first.messenger.tell(testIncident());
  await pass('the first message', first.time, nothingPending(first.messenger));
  first.messenger.tell(testIncident({ tries: [testTry({ result: 'begun' })] }));
  await first.stop();
  const before = server.received.length;

  const second = start(t, [discordAt(server.url)], first.path);
  second.messenger.tell(testIncident(healed));
  await pass('the service to know', second.time, nothingPending(second.messenger));
  const after = said(server.received.slice(before));
  t.true(
    after.every((one) => one.startsWith('PATCH')),
    after.join(', '),
  );
  t.is(after.at(-1), 'PATCH main is back after 9.8 s');
});

test('what was not delivered before a restart is delivered after it, by itself', async (t) => {
  const server = await serve(t, (_request, index) => (index === 0 ? 'hang' : ok()));
  const first = start(t, [slackAt(server.url)]);
  first.messenger.tell(testIncident(healed));
  await pass('the message to be on its way', first.time, () => server.received.length === 1);
  await first.stop();

  const second = start(t, [slackAt(server.url)], first.path);
  await pass('the service to know', second.time, nothingPending(second.messenger));
  t.is(server.received.length, 2);
});

test('killed the moment after a message was sent, it is not sent again', async (t) => {
  const path = join(temporaryFolder(t), 'notify.db');
  const server = await serve(t, created);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'teller.ts'), path, server.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  // The child dies by its own hand as soon as it knows that the message was taken.
  await until('the child to end', 60_000, () => child.signalCode === 'SIGKILL');
  t.is(server.received.length, 1);

  const { messenger, time } = start(t, [discordAt(server.url)], path);
  messenger.tell(testIncident(healed));
  await pass('the service to know', time, nothingPending(messenger));
  t.deepEqual(said(server.received), ['POST main froze', 'PATCH main is back after 9.8 s']);
});

test('what nothing new is heard of for a week is forgotten', async (t) => {
  const server = await serve(t, created);
  const { messenger, time } = start(t, [discordAt(server.url)]);
  messenger.tell(testIncident(healed));
  await pass('the service to know', time, nothingPending(messenger));
  time.step(8 * 86_400_000);
  await pass('another look', time, () => time.monotonic() > 200_000, 10_000);
  messenger.tell(testIncident(healed));
  await pass('to be told anew', time, () => server.received.length === 2);
  t.deepEqual(said(server.received), Array(2).fill('POST main is back after 9.8 s'));
});

test('Grafana’s region is opened and closed like any message', async (t) => {
  const server = await serve(t, ({ method }) => ({
    status: 200,
    body: method === 'POST' ? { message: 'Annotation added', id: 17 } : { message: 'Annotation patched' },
  }));
  const settings = testSettings({ grafana: { url: server.url, token: 's3cr3t' } });
  const time = virtualTime(BEGAN);
  const path = join(temporaryFolder(t), 'notify.db');
  const messenger = createMessenger(settings, { path, zone: 'UTC', time, log: silentLog });
  const end = new AbortController();
  const running = messenger.run(end.signal);
  messenger.tell(testIncident());
  await pass('the region', time, nothingPending(messenger));
  for (const stage of [{ tries: [testTry()] }, healed]) {
    messenger.tell(testIncident(stage));
    await pass('its change', time, nothingPending(messenger));
  }
  end.abort();
  await running;
  await messenger.close();
  t.deepEqual(
    server.received.map(({ method, path: at }) => `${method} ${at}`),
    ['POST /api/annotations', 'PATCH /api/annotations/17', 'PATCH /api/annotations/17'],
  );
  t.like(server.received[0]?.body, { time: BEGAN });
  t.like(server.received[2]?.body, { timeEnd: BEGAN + 9800 });
  t.is(messenger.status()[0]?.name, 'grafana');
});

test('to tell costs next to nothing, and no services cost nothing', (t) => {
  const time = virtualTime(BEGAN);
  const path = join(temporaryFolder(t), 'notify.db');
  const messenger = createMessenger(testSettings(), { path, zone: undefined, time, log: silentLog });
  messenger.tell(testIncident());
  t.deepEqual(messenger.status(), []);
  t.teardown(() => messenger.close());
});
