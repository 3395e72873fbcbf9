import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { connect } from 'mqtt';
import { Observer } from '../../../agent/watch/observer.ts';
import { keepSight, type Sighted, topicMatches } from '../../../agent/watch/sight.ts';
import { Watch } from '../../../agent/watch/watch.ts';
import { Notifier } from '../../../shared/notifier.ts';
import { systemTime } from '../../../shared/time.ts';
import { openBroker, openClient, openMosquitto } from '../../support/brokers.ts';
import { testReading } from '../../support/readings.ts';
import { realTest } from '../../support/real.ts';
import { freePort, silentLog, until } from '../../support/system.ts';

/** A watch that looks at one topic of the broker. */
function look(t: ExecutionContext, url: string, given: Partial<Sighted> = {}) {
  const watch = new Watch({ stallAfter: 60_000 });
  const observer = new Observer();
  const changed = new Notifier();
  let targets: Sighted[] = [{ topics: ['wattdog/main/reading'], watch, ...given }];
  const stop = new AbortController();
  const looking = keepSight(
    { url },
    { observer, targets: () => targets, changed, time: systemTime, log: silentLog },
    stop.signal,
  );
  t.teardown(async () => {
    stop.abort();
    await looking;
  });
  const verdict = () => {
    const at = systemTime.monotonic();
    return watch.judge(at, observer.look(at));
  };
  return {
    watch,
    verdict,
    isBlind: () => verdict().state === 'blind',
    silence: () => verdict().evidence.silence,
    follow(...others: Sighted[]) {
      targets = others;
      changed.notify();
    },
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

test('our own meter is asked whether it turns, and its answer tells of its line', async (t) => {
  const broker = await openBroker(t);
  const { verdict } = look(t, broker.url, { meter: 'main' });
  const meter = await openClient(t, broker.url);
  const questions: { topic: string; correlation: string }[] = [];
  meter.on('message', (_topic, payload, { properties }) => {
    questions.push({
      topic: properties?.responseTopic ?? '',
      correlation: String(properties?.correlationData),
    });
    const answer = { probe: String(payload), port: 'opening', trouble: 'no such file', rejects: 0 };
    void meter.publishAsync(properties?.responseTopic ?? '', JSON.stringify(answer));
  });
  await meter.subscribeAsync('wattdog/main/probe');
  await until('an answer', 10_000, () => verdict().evidence.meter?.trouble === 'no such file');
  t.is(questions[0]?.topic, 'wattdog/main/echo');
  t.regex(questions[0]?.correlation ?? '', /^[0-9a-f]{8}:\d+$/);
  t.is(verdict().evidence.probe?.limit, 2000);
  // It freezes: it takes the question, and answers nothing.
  meter.removeAllListeners('message');
  await until('its conviction', 10_000, () => verdict().cause === 'frozen' && verdict().state === 'stalled');
});

test('an answer to nobody’s question, and what is no answer, is nothing', async (t) => {
  const broker = await openBroker(t);
  const { verdict, isBlind } = look(t, broker.url, { meter: 'main' });
  await until('sight', 10_000, () => !isBlind());
  const meter = await openClient(t, broker.url);
  await meter.publishAsync('wattdog/main/echo', 'garbage');
  await meter.publishAsync('wattdog/main/echo', JSON.stringify({ probe: 'x', port: 'open', rejects: 0 }));
  await meter.publishAsync('wattdog/main/reading', JSON.stringify(testReading(1)), { qos: 1 });
  await until('the fence', 10_000, () => verdict().evidence.silence !== undefined);
  t.is(verdict().evidence.meter, undefined);
  t.is(verdict().evidence.probe, undefined);
});

test('a session that is lost is suspicious at once, and no more when it is back', async (t) => {
  const broker = await openBroker(t);
  const { verdict, isBlind } = look(t, broker.url, { meter: 'main' });
  await until('sight', 10_000, () => !isBlind());
  const say = await openClient(t, broker.url);
  await say.publishAsync('wattdog/main/reading', JSON.stringify(testReading(1)), { qos: 1 });
  await until('life', 10_000, () => verdict().evidence.silence !== undefined);
  const will = { topic: 'wattdog/main/availability', payload: Buffer.from('offline'), retain: true };
  const meter = connect(broker.url, { will, reconnectPeriod: 0 });
  t.teardown(() => meter.end(true));
  await new Promise<void>((resolve) => meter.once('connect', () => resolve()));
  await meter.publishAsync(will.topic, 'online', { qos: 1, retain: true });
  meter.stream.destroy();
  await until('its departure', 10_000, () => verdict().cause === 'departed');
  t.is(verdict().state, 'suspect');
  await say.publishAsync(will.topic, 'online', { qos: 1, retain: true });
  await until('its return', 10_000, () => verdict().evidence.departed === undefined);
});

test('who is watched may change, and one filter that is refused blinds nobody', async (t) => {
  const broker = await openBroker(t);
  const first = look(t, broker.url);
  await until('sight', 10_000, () => !first.isBlind());
  const other = new Watch();
  first.follow(
    { topics: ['not/#/a filter'], watch: new Watch() },
    { topics: ['zigbee2mqtt/#'], progress: 'uptime', watch: other },
  );
  const say = await openClient(t, broker.url);
  await until('life on the new topic', 10_000, async () => {
    await say.publishAsync('zigbee2mqtt/lamp', '{"uptime":1}', { qos: 1 });
    return other.lastLife !== undefined;
  });
  await until('it to be seen as stuck', 10_000, async () => {
    await say.publishAsync('zigbee2mqtt/lamp', '{"uptime":1}', { qos: 1 });
    const at = systemTime.monotonic();
    const { evidence } = other.judge(at, { blindness: undefined, stoodStill: 0, strain: 0 });
    return evidence.progress?.value === '1';
  });
  await say.publishAsync('wattdog/main/reading', JSON.stringify(testReading(1)), { qos: 1 });
  await until('that it is no longer looked at', 10_000, async () => {
    await say.publishAsync('zigbee2mqtt/lamp', '{"uptime":2}', { qos: 1 });
    return true;
  });
  t.is(first.watch.lastLife, undefined);
  t.false(first.isBlind());
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
