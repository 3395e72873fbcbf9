import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Live } from '../../../agent/doors/live.ts';
import type { LiveEvent } from '../../../agent/doors/queries.ts';
import { testReading } from '../../support/readings.ts';
import { until } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';
import { scriptedOperations, scriptedQueries, serve } from './support.ts';

const stores: LiveEvent = { event: 'stores', data: [] };
const reading = (seq: number): LiveEvent => ({
  event: 'reading',
  data: { meter: 'main', reading: testReading(seq) },
});
const frame = ({ event, data }: LiveEvent) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

async function setUp(t: ExecutionContext, token?: string) {
  const live = new Live(() => [stores]);
  const time = virtualTime();
  const queries = scriptedQueries({ live: (signal) => live.listen(signal) });
  const web = await serve(t, scriptedOperations(), { queries, time, ...(token && { token }) });
  /** Listens until the test ends, and keeps what comes. */
  const listen = async (headers: Record<string, string> = {}) => {
    const stop = new AbortController();
    const response = await fetch(`${web.url}/api/v1/live`, { headers, signal: stop.signal });
    const heard = { text: '', isOver: false };
    const reading = (async () => {
      try {
        for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? [])
          heard.text += chunk;
      } catch {
        // Whichever side ends it.
      }
      heard.isOver = true;
    })();
    const leave = async () => {
      stop.abort();
      await reading;
    };
    t.teardown(leave);
    return { response, heard, leave };
  };
  return { ...web, live, time, listen };
}

test('the state comes first, then what happens, as server-sent events', async (t) => {
  const { live, listen } = await setUp(t);
  const { response, heard } = await listen();
  t.is(response.status, 200);
  t.is(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  t.is(response.headers.get('cache-control'), 'no-store');
  const before = `retry: 1000\n\n${frame(stores)}`;
  await until('the state', 10_000, () => heard.text === before);
  live.tell(reading(1));
  live.tell(reading(2));
  await until('what happens', 10_000, () => heard.text === before + frame(reading(1)) + frame(reading(2)));
});

test('while nothing happens, a comment every 15 s shows that the connection lives', async (t) => {
  const { live, listen, time } = await setUp(t);
  const { heard } = await listen();
  await until('the state', 10_000, () => heard.text.endsWith(frame(stores)));
  await time.advance(15_000);
  await until('a comment', 10_000, () => heard.text.endsWith('\n\n: \n\n'));
  live.tell(reading(1));
  await time.advance(15_000);
  await until('another', 10_000, () => heard.text.endsWith(`: \n\n${frame(reading(1))}: \n\n`));
  t.pass();
});

test('when the agent ends, listeners are let go at once', async (t) => {
  const { listen, close } = await setUp(t);
  const { heard } = await listen();
  await until('the state', 10_000, () => heard.text.endsWith(frame(stores)));
  const began = performance.now();
  await close();
  await until('the end', 10_000, () => heard.isOver);
  // The next sign of life would come after 15 s.
  t.true(performance.now() - began < 10_000);
});

test('more than may listen are told so; one who has left makes room', async (t) => {
  const { listen } = await setUp(t);
  const listeners = await Promise.all(Array.from({ length: 50 }, () => listen()));
  t.true(listeners.every(({ response }) => response.status === 200));
  const refused = await listen();
  t.is(refused.response.status, 503);
  await until('the reason', 10_000, () => refused.heard.isOver);
  t.deepEqual(JSON.parse(refused.heard.text), { error: 'listening: at most 50 may at once, it is one more' });
  await listeners[0]?.leave();
  await until('room', 10_000, async () => (await listen()).response.status === 200);
});

test('who does not read misses readings, and neither the agent nor other listeners wait', async (t) => {
  const { url, live, listen } = await setUp(t);
  const other = await listen();
  const stop = new AbortController();
  const stuck = await fetch(`${url}/api/v1/live`, { signal: stop.signal });
  t.teardown(() => stop.abort());
  const body = stuck.body?.pipeThrough(new TextDecoderStream());
  const state: LiveEvent = {
    event: 'watch',
    data: {
      name: 'main',
      topics: [],
      verdict: { state: 'stalled', sentence: 'x'.repeat(1000), evidence: {} },
    },
  };
  await until('both to listen', 10_000, () => other.heard.text.endsWith(frame(stores)));
  // More than all buffers between here and there hold.
  const COUNT = 40_000;
  for (let seq = 1; seq <= COUNT; seq += 1) {
    live.tell(reading(seq));
    if (seq % 400 === 0) await sleep(0);
  }
  live.tell(state);
  await until('the other to hear of it', 20_000, () => other.heard.text.endsWith(frame(state)));
  let text = '';
  for await (const chunk of body ?? []) {
    text += chunk;
    if (text.endsWith(frame(state))) break;
  }
  const count = text.split('event: reading').length - 1;
  t.true(count < COUNT, `it has heard ${count} readings`);
  t.true(text.includes(frame(reading(COUNT))));
});

test('who may not come in hears nothing', async (t) => {
  const { ask, listen } = await setUp(t, 'hunter2');
  t.is((await ask('/api/v1/live')).status, 401);
  t.is((await ask('/api/v1/live', { headers: { authorization: 'Bearer x' } })).status, 401);
  const { heard } = await listen({ authorization: 'Bearer hunter2' });
  await until('the state', 10_000, () => heard.text.endsWith(frame(stores)));
  const open = await setUp(t);
  t.is((await open.ask('/api/v1/live', { headers: { origin: 'http://evil.example' } })).status, 403);
  const head = await fetch(`${open.url}/api/v1/live`, { method: 'HEAD' });
  t.is(head.status, 404, 'nobody listens by asking for its head');
});
