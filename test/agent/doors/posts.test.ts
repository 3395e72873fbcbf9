import test, { type ExecutionContext } from 'ava';
import { Bulletin } from '../../../agent/bulletin.ts';
import type { WatchStatus } from '../../../agent/doors/operations.ts';
import { keepPosted } from '../../../agent/doors/posts.ts';
import type { LiveEvent } from '../../../agent/doors/queries.ts';
import type { ForwardStatus } from '../../../agent/forward.ts';
import type { Session } from '../../../shared/mqtt.ts';
import { testReading } from '../../support/readings.ts';
import { silentLog } from '../../support/system.ts';
import { feed } from '../house/history.ts';
import { furnish, MIDNIGHT, profile } from '../house/support.ts';
import { scriptedOperations } from '../web/support.ts';

/** A house that is posted; what came on MQTT, and what everyone who listens was told, state left out. */
async function setUp(t: ExecutionContext, watches: () => WatchStatus[] = () => []) {
  const stores: ForwardStatus[] = [{ name: 'vm', written: 1, rejected: 0, retries: 0, lag: 9 }];
  const operations = scriptedOperations({ watches });
  const furnished = furnish(t, feed(MIDNIGHT).last(1000, 3600, 600), {
    ...{ operations, stores },
    known: [
      { name: 'main', profile },
      { name: 'old', profile },
    ],
  });
  const { house, live, meters, latest, time } = furnished;
  const bulletin = new Bulletin();
  const posted: [topic: string, payload: string][] = [];
  const publish = async (topic: string, payload: string | Uint8Array, options?: { retain?: boolean }) => {
    t.true(options?.retain, topic);
    posted.push([topic, String(payload)]);
  };
  bulletin.attach({ publish } as Partial<Session> as Session);
  const stop = new AbortController();
  const told: LiveEvent[] = [];
  const intake = { latest, forget: (name: string) => void latest.delete(name) };
  const listening = (async () => {
    for await (const event of live.listen(stop.signal)) told.push(event);
  })();
  await time.advance(0);
  told.length = 0;
  const deps = { queries: house, operations, meters, intake, bulletin, live, time, log: silentLog };
  const running = keepPosted(deps, stop.signal);
  t.teardown(async () => {
    stop.abort();
    await Promise.all([running, listening]);
  });
  await time.advance(0);
  /** What has come since it was last asked for. */
  const news = () => ({ topics: posted.splice(0), events: told.splice(0).map(({ event }) => event) });
  return { ...furnished, stores, news, time };
}

test('meters and stores are posted, and again when they have changed', async (t) => {
  const { news, stores, latest, time } = await setUp(t);
  const first = news();
  t.deepEqual(first.topics.map(([topic]) => topic).toSorted(), [
    'wattdog/agent/meter/main',
    'wattdog/agent/meter/old',
    'wattdog/agent/store/vm',
  ]);
  const main = first.topics.find(([topic]) => topic.endsWith('/main'))?.[1] ?? '';
  t.like(JSON.parse(main), { name: 'main', today: { energy: 1 }, reading: { seq: 6 } });
  t.deepEqual(first.events.toSorted(), ['meters', 'stores']);
  await time.advance(10_000);
  t.deepEqual(news(), { topics: [], events: [] });

  stores[0] = { name: 'vm', written: 2, rejected: 0, retries: 0, lag: 8 };
  await time.advance(2000);
  const change = news();
  t.deepEqual(change.events, ['stores']);
  t.like(JSON.parse(change.topics[0]?.[1] ?? ''), { name: 'vm', lag: 8 });

  latest.set('main', testReading(7));
  await time.advance(8000);
  const later = news();
  t.deepEqual(later.events, ['meters']);
  t.deepEqual(
    later.topics.map(([topic]) => topic),
    ['wattdog/agent/meter/main'],
    'the other is as it was',
  );
});

test('what is forgotten is taken back at once', async (t) => {
  const { news, meters, latest, time } = await setUp(t);
  latest.set('old', testReading(7));
  news();
  meters.forget('old');
  await time.advance(0);
  t.deepEqual(news(), { topics: [['wattdog/agent/meter/old', '']], events: ['meters'] });
  t.false(latest.has('old'), 'nor has it a newest reading');
});

test('while the journal cannot be read, stores are told of, and meters when it can', async (t) => {
  const { news, journal, stores, time } = await setUp(t);
  news();
  journal.close();
  stores.length = 0;
  await time.advance(10_000);
  t.deepEqual(news(), { topics: [['wattdog/agent/store/vm', '']], events: ['stores'] });
});

test('what a hold changes is told, and who is watched no longer', async (t) => {
  const watch = (name: string, silence: number, heldUntil?: number): WatchStatus => ({
    name,
    topics: [],
    verdict: { state: 'healthy', sentence: 'it is well', evidence: { silence } },
    ...(heldUntil === undefined ? {} : { heldUntil }),
  });
  let watches = [watch('a', 1), watch('b', 1)];
  const { news, time } = await setUp(t, () => watches);
  news();
  watches = [watch('a', 2), watch('b', 2)];
  await time.advance(2000);
  t.deepEqual(news().events, [], 'that time passes is no news');
  watches = [watch('a', 3), watch('b', 3, 5)];
  await time.advance(2000);
  t.deepEqual(news().events, ['watch']);
  watches = [watch('a', 3)];
  await time.advance(2000);
  t.deepEqual(news().events, ['watches']);
});
