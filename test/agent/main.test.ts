import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Journal } from '../../agent/journal/journal.ts';
import { type RunningAgent, runAgent } from '../../agent/main.ts';
import { GiveUpError } from '../../shared/errors.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { systemTime } from '../../shared/time.ts';
import { openBroker, openClient } from '../support/brokers.ts';
import { testReading } from '../support/readings.ts';
import { freePort, silentLog, temporaryFolder, until } from '../support/system.ts';

const deps = { time: systemTime, log: silentLog };

function settingsOf(t: ExecutionContext, input: object = {}) {
  const agent = { http: { port: 0 }, docker: { socket: '/nowhere/docker.sock' } };
  return settingsSchema.parse({ data: temporaryFolder(t), broker: { port: 0 }, agent, ...input });
}

/** An agent that runs; stopped with the test. */
async function start(t: ExecutionContext, settings = settingsOf(t)) {
  const stop = new AbortController();
  const opened = Promise.withResolvers<RunningAgent>();
  const running = runAgent(settings, { ...deps, ready: opened.resolve }, stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  t.teardown(end);
  const agent = await Promise.race([
    opened.promise,
    running.then(() => Promise.reject(new Error('it ended'))),
  ]);
  const get = (path: string) => fetch(`http://127.0.0.1:${agent.httpPort}${path}`);
  return { ...agent, get, end, settings };
}

test('a reading that is published is journalled, told in metrics, and its watermark comes back', async (t) => {
  const { broker, get, end, status, settings } = await start(t);
  await until('readiness', 10_000, async () => (await get('/readyz')).status === 200);
  const meter = await openClient(t, broker.url, 'wattdog/main/stored');
  await until('the watermark', 10_000, async () => {
    await meter.publishAsync('wattdog/main/reading', JSON.stringify(testReading(1)), { qos: 1 });
    return meter.received.at(-1)?.payload === '{"epoch":"e1","seq":1}';
  });
  t.regex(await (await get('/metrics')).text(), /^wattdog_meter_power_watts\{meter="main".*\} 360$/m);
  t.like(status(), { connected: true, stores: [], watches: [{ name: 'main' }] });
  await end();
  const journal = new Journal(join(settings.data, 'journal.db'));
  t.teardown(() => journal.close());
  t.is(journal.watermark('main', 'e1')?.seq, 1);
});

test('it says online and offline, and what each watch concludes', async (t) => {
  const broker = await openBroker(t);
  const reader = await openClient(t, broker.url, 'wattdog/agent/state', 'wattdog/agent/watch/+');
  const { end } = await start(t, settingsOf(t, { mqtt: { url: broker.url } }));
  const states = () =>
    reader.received.filter(({ topic }) => topic.endsWith('/state')).map(({ payload }) => payload);
  await until('online', 10_000, () => states().includes('online'));
  await until('a verdict', 10_000, () =>
    reader.received.some(({ payload }) => payload.includes('"learning"')),
  );
  await end();
  await until('offline', 10_000, () => states().length > 1);
  t.deepEqual(states(), ['online', 'offline']);
});

test('with its broker away it is alive but not ready, and becomes ready', async (t) => {
  const port = await freePort();
  const { get } = await start(t, settingsOf(t, { mqtt: { url: `mqtt://127.0.0.1:${port}` } }));
  t.is((await get('/healthz')).status, 200);
  const response = await get('/readyz');
  t.is(response.status, 503);
  t.like(await response.json(), { checks: { broker: 'no session with the broker', journal: true } });
  await openBroker(t, port);
  await until('readiness', 20_000, async () => (await get('/readyz')).status === 200);
});

test('what cannot be had is said, and nothing of the rest is left', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.teardown(() => taken.close());
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const brokerPort = await freePort();
  const run = (input: object) =>
    runAgent(
      settingsOf(t, input),
      { ...deps, spawnMeter: () => t.fail('a meter was started') },
      new AbortController().signal,
    );

  await t.throwsAsync(run({ broker: { port } }), { instanceOf: GiveUpError, message: /broker\.port/ });
  await t.throwsAsync(run({ broker: { port: brokerPort }, agent: { http: { port } } }), {
    instanceOf: GiveUpError,
    message: /agent\.http\.port/,
  });
  await t.throwsAsync(run({ data: '/dev/null/data' }), {
    instanceOf: GiveUpError,
    message: /setting data/,
  });
  // The broker that had opened is closed again: its port can be had.
  const again = await openBroker(t, brokerPort);
  t.is(again.mqtt.port, brokerPort);
});
