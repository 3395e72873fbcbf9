import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { Cadence } from '../../../agent/watch/cadence.ts';
import { keepSight, topicMatches } from '../../../agent/watch/sight.ts';
import { Watch } from '../../../agent/watch/watch.ts';
import { systemTime } from '../../../shared/time.ts';
import { openBroker, openClient, openMosquitto } from '../../support/brokers.ts';
import { testReading } from '../../support/readings.ts';
import { realTest } from '../../support/real.ts';
import { freePort, silentLog, until } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';

/** A watch that looks at one topic of the broker. */
function look(t: ExecutionContext, url: string, topic = 'wattdog/main/reading') {
  const watch = new Watch(new Cadence(), 60_000);
  const stop = new AbortController();
  const looking = keepSight([{ topic, watch }], { url }, { time: systemTime, log: silentLog }, stop.signal);
  t.teardown(async () => {
    stop.abort();
    await looking;
  });
  const verdict = () => watch.judge(systemTime.monotonic());
  return {
    verdict,
    isBlind: () => verdict().state === 'blind',
    silence: () => verdict().evidence.silence,
  };
}

test('it sees once its own canary has come back, and then signs of life', async (t) => {
  const broker = await openBroker(t);
  const { verdict, isBlind, silence } = look(t, broker.url);
  t.is(verdict().evidence.blindness, 'not connected to the broker yet');
  await until('sight', 10_000, () => !isBlind());
  t.is(silence(), undefined);
  const meter = await openClient(t, broker.url);
  await meter.publishAsync('wattdog/main/reading', JSON.stringify(testReading(1)), { qos: 1 });
  await until('a sign of life', 10_000, () => silence() !== undefined);
});

test('what the broker remembers, and what another meter or a canary says, is not life', async (t) => {
  const broker = await openBroker(t);
  const meter = await openClient(t, broker.url);
  const say = (topic: string, payload: string, retain = false) =>
    meter.publishAsync(topic, payload, { qos: 1, retain });
  await say('wattdog/main/reading', JSON.stringify(testReading(7)), true);
  const { isBlind, silence } = look(t, broker.url);
  await until('sight', 10_000, () => !isBlind());
  await say('wattdog/other/reading', JSON.stringify(testReading(1)));
  await say('wattdog/main/backlog', JSON.stringify([testReading(8)]));
  await say('wattdog/main/reading', 'garbage');
  const fence = await openClient(t, broker.url, 'fence');
  await say('fence', '');
  await until('the broker to have delivered all that', 10_000, () => fence.received.length > 0);
  t.is(silence(), undefined);
  await say('wattdog/main/reading', JSON.stringify(testReading(8)));
  await until('life', 10_000, () => silence() !== undefined);
});

test('it is blind while the broker is away, and sees again when it is back', async (t) => {
  const port = await freePort();
  const first = await openBroker(t, port);
  const { verdict, isBlind } = look(t, first.url);
  await until('sight', 10_000, () => !isBlind());
  await first.close();
  await until('blindness', 10_000, isBlind);
  t.is(verdict().evidence.blindness, 'no session with the broker');
  await openBroker(t, port);
  await until('sight again', 20_000, () => !isBlind());
});

realTest('mosquitto')(
  'it is blind within seconds of the broker’s freezing, long before silence convicts',
  async (t) => {
    const { url, signal } = await openMosquitto(t);
    const { verdict, isBlind } = look(t, url);
    await until('sight', 10_000, () => !isBlind());
    signal('SIGSTOP');
    t.teardown(() => signal('SIGCONT'));
    await until('blindness', 10_000, isBlind);
    t.is(verdict().evidence.blindness, 'the broker does not deliver our own messages');
    signal('SIGCONT');
    await until('sight again', 10_000, () => !isBlind());
  },
);

test('who was stopped for a while notices it by the clock, and blames nobody', async (t) => {
  const virtual = virtualTime();
  let stopped = 0;
  const time = { ...virtual, monotonic: () => virtual.monotonic() + stopped };
  const watch = new Watch(new Cadence(), 5000);
  const state = () => watch.judge(time.monotonic()).state;
  const stop = new AbortController();
  const address = { url: `mqtt://127.0.0.1:${await freePort()}` };
  const looking = keepSight([{ topic: 'x', watch }], address, { time, log: silentLog }, stop.signal);
  // As if the broker were there.
  watch.sighted(0);
  watch.lives(0);
  await virtual.advance(60_000);
  t.is(state(), 'stalled', 'its clock ran, so the silence is theirs');
  watch.lives(time.monotonic());
  stopped = 60_000;
  await virtual.advance(250);
  t.is(state(), 'healthy');
  stop.abort();
  await looking;
});

test('wildcards match as MQTT says', (t) => {
  const yes = [
    ['a/b', 'a/b'],
    ['+', 'a'],
    ['a/+/c', 'a/b/c'],
    ['a/+/c', 'a//c'],
    ['#', 'a/b'],
    ['a/#', 'a'],
    ['a/#', 'a/b/c'],
    ['+/#', 'a'],
    ['/+', '/a'],
    ['+/+', '/a'],
  ];
  const no = [
    ['a/b', 'a'],
    ['a', 'a/b'],
    ['+', 'a/b'],
    ['+', '/a'],
    ['a/+', 'a'],
    ['a/+/c', 'a/b/d'],
    ['a/#', 'ab'],
    ['A', 'a'],
    ['#', '$SYS/uptime'],
    ['+/uptime', '$SYS/uptime'],
  ];
  for (const [filter = '', topic = ''] of yes) t.true(topicMatches(filter, topic), `${filter} ${topic}`);
  for (const [filter = '', topic = ''] of no) t.false(topicMatches(filter, topic), `${filter} ${topic}`);
});

test('a topic matches itself, and every filter made of it by + and #', (t) => {
  const levels = fc.array(fc.constantFrom('a', 'b', '', 'watt'), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(levels, fc.nat(5), fc.nat(6), (levels, plus, hash) => {
      const topic = levels.join('/');
      const filter = levels.map((level, index) => (index === plus ? '+' : level));
      t.true(topicMatches(topic, topic));
      t.true(topicMatches(filter.join('/'), topic));
      t.true(topicMatches([...filter.slice(0, hash), '#'].join('/'), topic));
      t.false(topicMatches(`${topic}/x`, topic));
      t.false(topicMatches([...levels.slice(0, -1), 'other'].join('/'), topic));
    }),
  );
});
