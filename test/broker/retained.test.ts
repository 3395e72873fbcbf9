import test from 'ava';
import { openBroker, openClient } from '../support/brokers.ts';
import { until } from '../support/system.ts';

const TOPICS = Array.from({ length: 300 }, (_, number) => `wattdog/agent/watch/w${number}`);

test('the last thing a new subscriber hears of a state is the newest', async (t) => {
  const { url } = await openBroker(t);
  const speaker = await openClient(t, url);
  const say = (state: string) =>
    Promise.all(TOPICS.map((topic) => speaker.publishAsync(topic, state, { qos: 1, retain: true })));
  await say('old');
  const subscriber = await openClient(t, url);
  // As one that comes back does: at the moment when all states change.
  await Promise.all([subscriber.subscribeAsync('wattdog/#', { qos: 1 }), say('new'), say('newest')]);
  await until('all that is to come', 10_000, () => {
    const last = new Map(subscriber.received.map(({ topic, payload }) => [topic, payload]));
    return last.size === TOPICS.length;
  });
  await speaker.publishAsync('wattdog/end', '', { qos: 1 });
  await until('the end', 10_000, () => subscriber.received.some(({ topic }) => topic === 'wattdog/end'));
  const last = new Map(subscriber.received.map(({ topic, payload }) => [topic, payload]));
  t.deepEqual([...new Set(TOPICS.map((topic) => last.get(topic)))], ['newest']);
});

test('what was not replaced is sent to whoever subscribes, and what was deleted is not', async (t) => {
  const { url } = await openBroker(t);
  const speaker = await openClient(t, url);
  await speaker.publishAsync('wattdog/a', 'kept', { qos: 1, retain: true });
  await speaker.publishAsync('wattdog/b', 'gone', { qos: 1, retain: true });
  await speaker.publishAsync('wattdog/b', '', { qos: 1, retain: true });
  const subscriber = await openClient(t, url, 'wattdog/+', 'wattdog/a');
  await speaker.publishAsync('wattdog/end', '', { qos: 1 });
  await until('the end', 5000, () => subscriber.received.some(({ topic }) => topic === 'wattdog/end'));
  const retained = subscriber.received.filter(({ retain }) => retain);
  t.deepEqual([...new Set(retained.map(({ topic, payload }) => `${topic} ${payload}`))], ['wattdog/a kept']);
});
