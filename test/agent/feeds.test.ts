import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Feeds } from '../../agent/feeds.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { systemTime } from '../../shared/time.ts';
import { testReading } from '../support/readings.ts';
import { realTest } from '../support/real.ts';
import { startVictoriaMetrics } from '../support/stores.ts';
import { silentLog, until } from '../support/system.ts';

const storesOf = (stores: object[]) => settingsSchema.parse({ agent: { stores } }).agent.stores;

async function openFeeds(
  t: ExecutionContext,
  stores: object[],
  isKnown: (host: string) => Promise<boolean>,
): Promise<Feeds> {
  const journal = new Journal(':memory:');
  journal.append([{ meter: 'main', reading: testReading(1) }]);
  // Whoever looks every few seconds looks at once.
  const time = { ...systemTime, sleep: async () => void (await setImmediate()) };
  const feeds = await Feeds.open(storesOf(stores), { journal, time, log: silentLog, isKnown });
  const stop = new AbortController();
  const running = feeds.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
    await feeds.close();
    journal.close();
  });
  return feeds;
}

realTest('victoria-metrics')('a store that may be missing is fed from when its name is known', async (t) => {
  const { url } = await startVictoriaMetrics(t);
  const asked: string[] = [];
  let known = false;
  const feeds = await openFeeds(t, [{ kind: 'victoriametrics', url, optional: true }], async (host) => {
    asked.push(host);
    return known;
  });
  await until('it to be looked for', 5000, () => asked.length > 3);
  t.deepEqual([asked[0], feeds.names(), feeds.status()], ['127.0.0.1', [], []]);
  known = true;
  await until('it to be fed', 10_000, () => feeds.status()[0]?.written === 1);
  t.deepEqual(feeds.names(), ['victoriametrics']);
});

test('one that must be there is, whether its name is known or not', async (t) => {
  const feeds = await openFeeds(
    t,
    [{ kind: 'victoriametrics', url: 'http://127.0.0.1:1' }],
    async () => false,
  );
  t.deepEqual(feeds.names(), ['victoriametrics']);
  await until('that it is away', 10_000, () => feeds.status()[0]?.downSince !== undefined);
});

test('an address of IPv6 is looked for without its brackets', async (t) => {
  const asked: string[] = [];
  await openFeeds(t, [{ kind: 'victoriametrics', url: 'http://[::1]:1', optional: true }], async (host) => {
    asked.push(host);
    return false;
  });
  await until('it to be looked for', 5000, () => asked.length > 0);
  t.is(asked[0], '::1');
});

test('no store is no feed', async (t) => {
  const feeds = await openFeeds(t, [], async () => true);
  t.deepEqual(feeds.names(), []);
});
