import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import type { IPublishPacket } from 'mqtt';
import { createIntake } from '../../agent/intake.ts';
import { Journal } from '../../agent/journal/journal.ts';
import { keepSession } from '../../shared/mqtt.ts';
import { systemTime } from '../../shared/time.ts';
import type { Reading } from '../../shared/wire.ts';
import { openBroker, openClient } from '../support/brokers.ts';
import { testReading } from '../support/readings.ts';
import { freePort, silentLog, temporaryFolder, until } from '../support/system.ts';

/** A broker, an intake with its journal, and a meter that hears its watermarks. */
async function setUp(t: ExecutionContext) {
  const path = join(temporaryFolder(t), 'journal.db');
  const journal = new Journal(path);
  const port = await freePort();
  const broker = await openBroker(t, port);
  const meter = await openClient(t, broker.url, 'wattdog/+/stored');
  const send = async (topic: string, payload: unknown, retain = false) => {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    await meter.publishAsync(topic, text, { qos: 1, retain });
  };
  // Retained, it meets the subscription whenever that comes, and its watermark shows that it has.
  await send('wattdog/first/reading', testReading(1), true);

  const intake = createIntake({ journal, log: silentLog });
  const stop = new AbortController();
  const running = keepSession(
    { address: { url: broker.url }, clientId: 'intake' },
    { time: systemTime, log: silentLog, random: () => 0 },
    stop.signal,
    intake.run,
  );
  t.teardown(async () => {
    stop.abort();
    await running;
    journal.close();
  });
  await until('the first watermark', 10_000, () => meter.received.length > 0);
  const stored = () =>
    meter.received
      .filter(({ topic }) => topic === 'wattdog/main/stored')
      .map(({ payload }) => JSON.parse(payload) as { epoch: string; seq: number });
  return {
    broker,
    port,
    journal,
    path,
    intake,
    send,
    meter,
    stored,
    live: (reading: Reading) => send('wattdog/main/reading', reading),
    backlog: (...readings: Reading[]) => send('wattdog/main/backlog', readings),
  };
}

test('a reading is journalled, and then the watermark is told', async (t) => {
  const { live, stored, journal, intake } = await setUp(t);
  await live(testReading(1));
  await until('the watermark', 10_000, () => stored().length === 1);
  t.deepEqual(stored(), [{ epoch: 'e1', seq: 1 }]);
  t.like(journal.readAfter(0, 10).at(-1), { meter: 'main', reading: testReading(1) });
  t.deepEqual(intake.latest.get('main'), testReading(1));
  await live(testReading(2));
  await until('the next', 10_000, () => stored().at(-1)?.seq === 2);
});

test('duplicates are counted as received, not as stored, and answered all the same', async (t) => {
  const { live, stored, intake, journal } = await setUp(t);
  const before = { ...intake.counts };
  for (let n = 1; n <= 3; n += 1) {
    await live(testReading(1));
    await until('an answer', 10_000, () => stored().length === n);
  }
  t.is(intake.counts.received - before.received, 3);
  t.is(intake.counts.stored - before.stored, 1);
  t.is(journal.readAfter(0, 100).filter(({ meter }) => meter === 'main').length, 1);
});

test('what is no reading is counted and leaves the rest alone', async (t) => {
  const { send, live, backlog, stored, intake } = await setUp(t);
  await send('wattdog/main/reading', '12 13');
  await send('wattdog/main/reading', { ...testReading(1), power: 'much' });
  await send('wattdog/main/backlog', testReading(1));
  await send('wattdog/MAIN/reading', testReading(1));
  await backlog(testReading(2), testReading(1));
  await backlog(testReading(1), testReading(2, { epoch: 'e2' }));
  await live(testReading(1));
  await until('the good one', 10_000, () => stored().at(-1)?.seq === 1);
  t.is(intake.counts.rejected, 6);
  t.is(intake.counts.failed, 0);
});

test('a backlog raises the watermark past what its meter has given up', async (t) => {
  const { live, backlog, stored, intake, journal } = await setUp(t);
  await live(testReading(9));
  await until('it to be stored', 10_000, () => journal.lastId() === 2);
  t.deepEqual(stored(), [], 'nothing can be said of 1 to 8 yet');
  await backlog(testReading(5), testReading(6), testReading(8), testReading(9));
  await until('the watermark', 10_000, () => stored().length > 0);
  t.deepEqual(stored().at(-1), { epoch: 'e1', seq: 9 });
  t.is(intake.latest.get('main')?.seq, 9, 'a backlog is not the present');
});

test('while the disk refuses, no watermark moves; what is sent again afterwards is stored', async (t) => {
  const { live, backlog, stored, intake, path, journal } = await setUp(t);
  const other = new DatabaseSync(path);
  t.teardown(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  await live(testReading(1));
  await until('the failure', 10_000, () => intake.counts.failed === 1);
  t.regex(journal.trouble ?? '', /takes nothing: .*locked/);
  other.exec('ROLLBACK');
  await live(testReading(2));
  await until('a commit', 10_000, () => journal.trouble === undefined);
  t.deepEqual(stored(), []);
  await backlog(testReading(1), testReading(2));
  await until('the watermark', 10_000, () => stored().length > 0);
  t.deepEqual(stored(), [{ epoch: 'e1', seq: 2 }]);
  t.is(journal.readAfter(0, 100).filter(({ meter }) => meter === 'main').length, 2);
});

test('a burst is committed together, and no reading of it is lost', async (t) => {
  const { meter, stored, intake } = await setUp(t);
  for (let seq = 1; seq <= 1000; seq += 1)
    meter.publish('wattdog/main/reading', JSON.stringify(testReading(seq)), { qos: 1 });
  await until('the last watermark', 20_000, () => stored().at(-1)?.seq === 1000);
  t.is(intake.counts.stored, 1001);
  t.true(stored().length < 1000, `${stored().length} commits`);
});

/** An intake without a broker: what is sent to it, and the watermarks it announces. */
async function setUpAlone(t: ExecutionContext) {
  const journal = new Journal(':memory:');
  const stop = new AbortController();
  const announced: string[] = [];
  const listening = Promise.withResolvers<(topic: string, payload: Uint8Array) => void>();
  const intake = createIntake({ journal, log: silentLog });
  const running = intake.run({
    signal: stop.signal,
    async publish(topic, payload) {
      announced.push(`${topic} ${payload}`);
    },
    async subscribe(_topics, _qos, onMessage) {
      listening.resolve((topic, payload) => onMessage?.(topic, payload, {} as IPublishPacket));
    },
    async unsubscribe() {},
  });
  t.teardown(async () => {
    stop.abort();
    await running;
    journal.close();
  });
  const receive = await listening.promise;
  const live = (reading: Reading, meter = 'main') =>
    receive(`wattdog/${meter}/reading`, Buffer.from(JSON.stringify(reading)));
  return { journal, intake, live, receive, announced };
}

test('what the session carries besides readings is neither taken for one nor counted', async (t) => {
  const { intake, receive, journal } = await setUpAlone(t);
  for (const topic of ['wattdog/agent/request/x/y', 'wattdog/main/readings', 'other/main/reading', 'x', ''])
    receive(topic, Buffer.from(JSON.stringify(testReading(1))));
  receive('wattdog/Main!/reading', Buffer.from(JSON.stringify(testReading(1))));
  t.like(intake.counts, { received: 0, rejected: 1 });
  t.is(journal.lastId(), 0);
});

test('each series of a commit is told its watermark once, the newest of a meter last', async (t) => {
  const { live, announced } = await setUpAlone(t);
  live(testReading(1, { epoch: 'old' }));
  live(testReading(1));
  live(testReading(1), 'garage');
  live(testReading(2, { epoch: 'old' }));
  live(testReading(2));
  await until('the watermarks', 10_000, () => announced.length > 0);
  t.deepEqual(announced, [
    'wattdog/garage/stored {"epoch":"e1","seq":1}',
    'wattdog/main/stored {"epoch":"old","seq":2}',
    'wattdog/main/stored {"epoch":"e1","seq":2}',
  ]);
});

test('a lone reading is committed in the same turn of the event loop', async (t) => {
  const { live, journal } = await setUpAlone(t);
  live(testReading(1));
  t.is(journal.lastId(), 0);
  await new Promise((resolve) => setImmediate(resolve));
  t.is(journal.lastId(), 1);
});

test('a flood that lets nobody else have a turn does not pile up', async (t) => {
  const { live, journal, announced } = await setUpAlone(t);
  for (let seq = 1; seq <= 12_345; seq += 1) live(testReading(seq));
  t.is(journal.lastId(), 10_000);
  await until('the rest', 10_000, () => announced.at(-1)?.endsWith('"seq":12345}'));
});

test('a journal whose disk has failed ends no session, and its trouble is told until it is mended', async (t) => {
  const { live, journal, intake, announced } = await setUpAlone(t);
  journal.close();
  live(testReading(1));
  await until('the failure', 10_000, () => intake.counts.failed === 1);
  t.regex(journal.trouble ?? '', /must be open/);
  t.deepEqual(announced, []);
  journal.mend();
  t.is(journal.trouble, undefined);
  live(testReading(1));
  await until('the watermark', 10_000, () => announced.length > 0);
});

test('a broker that has forgotten everything is told the watermarks anew', async (t) => {
  const { live, stored, broker, port } = await setUp(t);
  await live(testReading(1));
  await until('the watermark', 10_000, () => stored().length === 1);
  await broker.close();
  const again = await openBroker(t, port);
  const meter = await openClient(t, again.url, 'wattdog/main/stored');
  await until('the watermark to be there', 20_000, () => meter.received.length > 0);
  t.is(meter.received[0]?.payload, '{"epoch":"e1","seq":1}');
});
