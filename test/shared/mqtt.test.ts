import { getEventListeners } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { RetryError } from '../../shared/errors.ts';
import { keepSession, type Session } from '../../shared/mqtt.ts';
import { systemTime } from '../../shared/time.ts';
import { openBroker, openClient, openMosquitto } from '../support/brokers.ts';
import { realTest } from '../support/real.ts';
import { freePort, silentLog, until } from '../support/system.ts';

const deps = { time: systemTime, log: silentLog, random: () => 0 };

const ended = (session: Session) =>
  new Promise<void>((resolve) => session.signal.addEventListener('abort', () => resolve(), { once: true }));

/** Keeps a session; `sessions` are those that were opened, the latest last. */
function keep(t: ExecutionContext, url: string, options: Partial<Parameters<typeof keepSession>[0]> = {}) {
  const stop = new AbortController();
  const sessions: Session[] = [];
  const running = keepSession(
    { address: { url }, clientId: 'kept', ...options },
    deps,
    stop.signal,
    async (session) => {
      sessions.push(session);
      await ended(session);
    },
  );
  const end = async () => {
    stop.abort();
    await running;
  };
  t.teardown(end);
  return { sessions, end, running, signal: stop.signal };
}

test('a session is opened again after its broker restarted, and the lost one’s promises are rejected', async (t) => {
  const port = await freePort();
  const first = await openBroker(t, port);
  const { sessions } = keep(t, first.url);
  const session = await until('a session', 10_000, () => sessions[0]);
  await session.publish('a', 'b');
  await first.close();
  await until('the session to end', 10_000, () => session.signal.aborted);
  await t.throwsAsync(session.publish('a', 'b'), { instanceOf: RetryError });
  await t.throwsAsync(
    session.subscribe(['a'], 0, () => {}),
    { instanceOf: RetryError },
  );
  t.is(sessions.length, 1);
  const second = await openBroker(t, port);
  const reader = await openClient(t, second.url, 'a');
  const again = await until('another session', 20_000, () => sessions[1]);
  await again.publish('a', 'fresh');
  await until('the message', 10_000, () => reader.received.some(({ payload }) => payload === 'fresh'));
});

test('messages come in order, with their packet, to the session that subscribed', async (t) => {
  const broker = await openBroker(t);
  const { sessions } = keep(t, broker.url);
  const session = await until('a session', 10_000, () => sessions[0]);
  await session.publish('x/kept', 'old', { retain: true, expirySeconds: 60 });
  const received: string[] = [];
  await session.subscribe(['x/+'], 1, (topic, payload, { retain }) =>
    received.push(`${topic} ${Buffer.from(payload)} ${retain}`),
  );
  for (let n = 0; n < 100; n += 1) void session.publish('x/live', String(n));
  await until('all messages', 10_000, () => received.length === 101);
  t.is(received[0], 'x/kept old true');
  t.deepEqual(
    received.slice(1),
    Array.from({ length: 100 }, (_, n) => `x/live ${n} false`),
  );
});

test('at an orderly end the farewell is said and the will is not', async (t) => {
  const broker = await openBroker(t);
  const reader = await openClient(t, broker.url, 'state');
  const { sessions, end, signal } = keep(t, broker.url, {
    will: { topic: 'state', payload: 'lost' },
    farewell: ({ publish }) => publish('state', 'offline', { retain: true }),
  });
  await until('a session', 10_000, () => sessions[0]);
  await end();
  await until('the farewell', 10_000, () => reader.received.length > 0);
  await until('the connection to be gone', 10_000, () => broker.stats().connected === 1);
  t.deepEqual(reader.received, [{ topic: 'state', payload: 'offline', retain: false }]);
  t.is(getEventListeners(signal, 'abort').length, 0);
});

test('a broker that is away is complained of once, and stopping is quick and silent', async (t) => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const stop = new AbortController();
  let tries = 0;
  const time = {
    ...systemTime,
    sleep: async () => {
      tries += 1;
      if (tries === 5) stop.abort();
    },
  };
  const url = `mqtt://127.0.0.1:${await freePort()}`;
  await keepSession({ address: { url }, clientId: 'x' }, { time, log }, stop.signal, async () => {});
  t.is(tries, 5);
  t.is(lines.length, 1, lines.join(''));
  t.regex(lines[0] ?? '', /no session with the broker: .*ECONNREFUSED/);
});

test('it waits longer with every failure, and starts anew with every session', async (t) => {
  const broker = await openBroker(t);
  const waits: number[] = [];
  const stop = new AbortController();
  let sessions = 0;
  const time = {
    ...systemTime,
    sleep: async (ms: number) => {
      waits.push(ms);
      if (waits.length === 6) stop.abort();
    },
  };
  const run = async () => {
    sessions += 1;
    if (sessions > 1) await broker.close();
  };
  const { url } = broker;
  await keepSession(
    { address: { url }, clientId: 'x' },
    { ...deps, time, random: () => 1 },
    stop.signal,
    run,
  );
  t.deepEqual(waits, [200, 200, 400, 800, 1600, 3200]);
});

test('an error of the session’s own ends it, and another follows', async (t) => {
  const broker = await openBroker(t);
  const stop = new AbortController();
  let sessions = 0;
  const running = keepSession(
    { address: { url: broker.url }, clientId: 'x' },
    deps,
    stop.signal,
    async () => {
      sessions += 1;
      if (sessions === 3) stop.abort();
      throw new Error('not today');
    },
  );
  await running;
  t.is(sessions, 3);
  await until('no connection', 10_000, () => broker.stats().connections === 0);
});

const realMosquitto = realTest('mosquitto');

realMosquitto('a frozen broker delays the end by a second at most, with messages in flight', async (t) => {
  const { url, signal } = await openMosquitto(t);
  const { sessions, end } = keep(t, url, {
    farewell: ({ publish }) => publish('state', 'offline', { retain: true }),
  });
  const session = await until('a session', 10_000, () => sessions[0]);
  signal('SIGSTOP');
  t.teardown(() => signal('SIGCONT'));
  const inFlight = t.throwsAsync(session.publish('a', 'b'), { instanceOf: RetryError });
  const began = Date.now();
  await end();
  // Its keepalive would notice after fifteen.
  t.true(Date.now() - began < 8000, `${Date.now() - began} ms`);
  await inFlight;
});

realMosquitto('a frozen broker is noticed, and the session resumes when it thaws', async (t) => {
  const { url, signal } = await openMosquitto(t);
  const { sessions } = keep(t, url);
  const session = await until('a session', 10_000, () => sessions[0]);
  signal('SIGSTOP');
  await until('the keepalive to end the session', 30_000, () => session.signal.aborted);
  signal('SIGCONT');
  const again = await until('another session', 30_000, () => sessions[1]);
  await t.notThrowsAsync(again.publish('a', 'b'));
});
