import test, { type ExecutionContext } from 'ava';
import type { LiveEvent } from '../../../agent/doors/queries.ts';
import type { MeterView } from '../../../agent/doors/views.ts';
import { type RunningAgent, runAgent } from '../../../agent/main.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';
import { systemTime } from '../../../shared/time.ts';
import { openClient } from '../../support/brokers.ts';
import { testReading } from '../../support/readings.ts';
import { silentLog, temporaryFolder, until } from '../../support/system.ts';
import { profile } from '../house/support.ts';

const JSON_BODY = { 'content-type': 'application/json' };

/** A whole agent with its broker, and a meter that says what it is. */
async function setUp(t: ExecutionContext) {
  const agent = { http: { port: 0 }, docker: { socket: '/nowhere/docker.sock' } };
  const settings = settingsSchema.parse({ data: temporaryFolder(t), broker: { port: 0 }, agent });
  const stop = new AbortController();
  const opened = Promise.withResolvers<RunningAgent>();
  const deps = { time: systemTime, log: silentLog, ready: opened.resolve };
  const running = runAgent(settings, deps, stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
  });
  const { broker, httpPort } = await opened.promise;
  const meter = await openClient(t, broker.url, 'wattdog/main/stored', 'wattdog/agent/meter/+');
  /** What a meter says of itself when it has begun. */
  const introduce = async () => {
    await meter.publishAsync('wattdog/main/profile', JSON.stringify(profile), { qos: 1, retain: true });
    await meter.publishAsync('wattdog/main/availability', 'online', { qos: 1, retain: true });
  };
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${httpPort}/api/v1${path}`, init);
  return { meter, ask, introduce, signal: stop.signal };
}

test('what the meter publishes is told on every door, and taken back when it is forgotten', async (t) => {
  const { meter, ask, introduce } = await setUp(t);
  const time = new Date().toISOString();
  await until('the watermark', 10_000, async () => {
    await meter.publishAsync('wattdog/main/reading', JSON.stringify(testReading(1, { time })), { qos: 1 });
    return meter.received.some(({ topic }) => topic.endsWith('/stored'));
  });
  await introduce();
  const views = async () => ((await (await ask('/meters')).json()) as { meters: MeterView[] }).meters;
  await until('the meter', 10_000, async () => (await views())[0]?.online);
  t.like(await views(), [{ name: 'main', currency: 'USD', reading: { time }, today: { energy: 0.001 } }]);
  const posted = () =>
    meter.received.filter(({ topic }) => topic === 'wattdog/agent/meter/main').at(-1)?.payload;
  await until('its post', 10_000, () => posted()?.includes('"energy":0.001'));

  const forget = () => ask('/meters/main/forget', { method: 'POST', body: '{}', headers: JSON_BODY });
  t.is((await forget()).status, 409);
  await meter.publishAsync('wattdog/main/availability', 'offline', { qos: 1, retain: true });
  await until('it is forgotten', 10_000, async () => (await forget()).status === 200);
  await until('the post is taken back', 10_000, () => posted() === '');
  t.deepEqual(await views(), []);
  t.is((await ask('/meters/main/power')).status, 200, 'its past is still there');
});

test('a stall is heard of as soon as it is judged', async (t) => {
  const { meter, ask, introduce, signal } = await setUp(t);
  await introduce();
  const heard: { at: number; state: string }[] = [];
  const judged: { at: number; state: string }[] = [];
  meter.on('message', (topic, payload, { properties }) => {
    const { responseTopic, correlationData } = properties ?? {};
    if (topic === 'wattdog/agent/watch/main')
      judged.push({ at: performance.now(), state: JSON.parse(String(payload)).state });
    if (topic !== 'wattdog/main/probe' || !isAlive || responseTopic === undefined) return;
    const answer = { probe: String(payload), port: 'open', quiet: 0, sample_age: 0, rejects: 0 };
    meter.publish(responseTopic, JSON.stringify(answer), {
      properties: correlationData === undefined ? {} : { correlationData },
    });
  });
  let isAlive = true;
  let probes = 0;
  meter.on('message', (topic) => {
    if (topic === 'wattdog/main/probe') probes += 1;
  });
  await meter.subscribeAsync(['wattdog/main/probe', 'wattdog/agent/watch/main']);
  const response = await ask('/live', { signal });
  void (async () => {
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const frames = (text + chunk).split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(frame) ?? [];
        if (event !== 'watch' || data === undefined) continue;
        const { data: watch } = { event, data: JSON.parse(data) } as LiveEvent & { event: 'watch' };
        heard.push({ at: performance.now(), state: watch.verdict.state });
      }
    }
  })().catch(() => {});
  await until('some answers', 20_000, () => probes > 3);
  isAlive = false;
  const stalled = ({ state }: { state: string }) => state === 'stalled';
  await until('the verdict on both ways', 30_000, () => heard.some(stalled) && judged.some(stalled));
  const [first, other] = [heard.find(stalled), judged.find(stalled)];
  t.true(Math.abs((first?.at ?? 0) - (other?.at ?? 0)) < 1000);
});
