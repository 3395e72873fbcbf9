import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import type { Diagnostics } from '../../meter/diagnostics.ts';
import type { Outbox } from '../../meter/outbox/outbox.ts';
import { growingProfile, profileOf } from '../../meter/profile.ts';
import { createPublisher, type Timing } from '../../meter/publish.ts';
import { sceTouDA } from '../../meter/tariff/shipped/sce-tou-d-a.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { systemTime } from '../../shared/time.ts';
import {
  BACKLOG_BATCH,
  decodeBacklog,
  decodeProbeAnswer,
  decodeProfile,
  decodeReading,
  meterTopics,
  type Reading,
  type UnnumberedReading,
} from '../../shared/wire.ts';
import { testBroker, testClient } from '../broker/support.ts';
import { unnumbered } from '../support/readings.ts';
import { silentLog, temporaryFolder, until } from '../support/system.ts';
import { openOutbox as openOutboxAt } from './outbox/support.ts';

const TOPICS = meterTopics('main');
/** Long enough for any machine. */
const ENOUGH = 20_000;
/** As in life, but nothing is sent again unless a test waits for it. */
const PATIENT: Timing = {
  patience: 60_000,
  mostPatience: 60_000,
  watermarkGrace: 50,
  diagnosticsPeriod: 60_000,
};
const DIAGNOSTICS: Diagnostics = {
  port: '/dev/ttyTEST',
  port_state: 'open',
  port_opens: 1,
  decoder: 'amps',
  bytes: 0,
  samples: 0,
  readings: 0,
  rejects: { syntax: 3 },
  remarks: {},
  clipped: {},
  refused: {},
  gaps: 0,
  gap_seconds: 0,
  clock_steps: 0,
  unmetered_seconds: 0,
  outbox_errors: 0,
  outbox_pending: 0,
  outbox_unwritten: 0,
  outbox_bytes: 0,
  outbox_age: 0,
  outbox_dropped: { age: 0, size: 0, memory: 0 },
};

function openOutbox(t: ExecutionContext): Outbox {
  const outbox = openOutboxAt(join(temporaryFolder(t), 'outbox.db'));
  t.teardown(() => outbox.close());
  return outbox;
}

const PROFILE = profileOf(settingsSchema.parse({}).meter, sceTouDA, 'here');

const NONE: string[] = [];

/** The epoch of an outbox that holds readings. */
const epochOf = (outbox: Outbox) => outbox.oldest(1)[0]?.epoch ?? '';

/** A broker, a subscriber to all that the meter says, and a way in that the test can cut. */
async function world(t: ExecutionContext) {
  const broker = await testBroker(t);
  const agent = await testClient(t, broker, { protocolVersion: 5 });
  await agent.subscribeAsync('wattdog/#', { qos: 1 });
  const line = await cuttableLine(t, broker.mqtt.port);
  const on = (topic: string) => agent.received.filter((message) => message.topic === topic);
  return {
    broker,
    agent,
    line,
    on,
    batches: () => on(TOPICS.backlog).map(({ payload }) => decodeBacklog(Buffer.from(payload))),
    store: (watermark: { epoch: string; seq: number }) =>
      agent.publishAsync(TOPICS.stored, JSON.stringify(watermark), { qos: 1, retain: true }),
    /** The meter's end. */
    publish(outbox: Outbox, timing: Partial<Timing> = {}, profile = () => PROFILE) {
      let reopened = 0;
      const stop = new AbortController();
      const publisher = createPublisher(
        'main',
        { url: `mqtt://127.0.0.1:${line.port}` },
        {
          outbox,
          diagnostics: () => DIAGNOSTICS,
          profile,
          answer: () => ({ port: 'open', quiet: 0.4, rejects: 2 }),
          reopen: () => {
            reopened += 1;
          },
          time: systemTime,
          log: silentLog,
        },
        { ...PATIENT, ...timing },
      );
      const running = publisher.run(stop.signal);
      const end = async () => {
        stop.abort();
        await running;
      };
      t.teardown(end);
      return {
        end,
        reopened: () => reopened,
        /** What the meter does with a reading. */
        read(count = 1, change: Partial<UnnumberedReading> = {}): Reading[] {
          return Array.from({ length: count }, () => {
            const reading = outbox.append(unnumbered(change), { energy: 0, cost: 0 });
            publisher.live(reading);
            return reading;
          });
        },
      };
    },
    online: () =>
      until('the meter to be online', ENOUGH, () => on(TOPICS.availability).at(-1)?.payload === 'online'),
  };
}

/** A TCP proxy that can be cut, as a cable is, and be mended. */
async function cuttableLine(t: ExecutionContext, port: number) {
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) {
      near.destroy();
      return;
    }
    const far = connectTcp(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  const cut = () => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    cut();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    cut,
    mend() {
      whole = true;
    },
  };
}

const seqs = (readings: Reading[] | undefined) => readings?.map(({ seq }) => seq);
const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('a live reading goes out at once, retained, and expires', async (t) => {
  const { broker, on, publish, online } = await world(t);
  const outbox = openOutbox(t);
  const meter = publish(outbox);
  await online();
  const [sent] = meter.read();
  await until('the reading', ENOUGH, () => on(TOPICS.reading).length === 1);
  const [received] = on(TOPICS.reading);
  t.deepEqual(decodeReading(Buffer.from(received?.payload ?? '')), sent);
  t.is(outbox.pending, 1, 'an acknowledgement is no storage');

  const late = await testClient(t, broker, { protocolVersion: 5 });
  await late.subscribeAsync(TOPICS.reading);
  await until('the retained reading', ENOUGH, () => late.received.length === 1);
  const { retain, expiry = 0 } = late.received[0] ?? {};
  t.true(retain === true && expiry > 0 && expiry <= 10, `retain ${retain}, expiry ${expiry}`);
});

for (const [interval, expiry] of [
  [0, 10],
  [1.2, 10],
  [60.1, 301],
  [9 * 3600, 3600],
] as const)
  test(`a reading that covers ${interval} s expires after ${expiry} s`, async (t) => {
    const { publish, on, online } = await world(t);
    const meter = publish(openOutbox(t));
    await online();
    meter.read(1, { interval });
    await until('the reading', ENOUGH, () => on(TOPICS.reading).length === 1);
    const left = on(TOPICS.reading)[0]?.expiry ?? 0;
    t.true(left <= expiry && left > expiry - 5, `${left}`);
  });

test('one that covers nothing, or much more than the time between two, expires as its neighbours do', async (t) => {
  const { publish, on, online } = await world(t);
  const meter = publish(openOutbox(t));
  await online();
  const at = (second: number) => new Date(Date.UTC(2026, 0, 15) + second * 1000).toISOString();
  meter.read(1, { interval: 0, time: at(0) });
  meter.read(1, { interval: 0, time: at(12) });
  meter.read(1, { interval: 0, time: at(500), gap_seconds: 488 });
  meter.read(1, { interval: 500, time: at(512) });
  await until('the readings', ENOUGH, () => on(TOPICS.reading).length === 4);
  const left = on(TOPICS.reading).map(({ expiry = 0 }) => expiry);
  t.deepEqual(
    [10, 60, 60, 60].map((expiry, index) => expiry - (left[index] ?? 0) < 5 && (left[index] ?? 0) <= expiry),
    [true, true, true, true],
    `${left}`,
  );
});

test('it says online with its diagnostics, and offline when it is told to stop', async (t) => {
  const { on, publish, online, broker } = await world(t);
  const meter = publish(openOutbox(t));
  await online();
  await until('the diagnostics', ENOUGH, () => on(TOPICS.diagnostics).length === 1);
  t.deepEqual(JSON.parse(on(TOPICS.diagnostics)[0]?.payload ?? ''), DIAGNOSTICS);
  await meter.end();
  await until('offline', ENOUGH, () => on(TOPICS.availability).at(-1)?.payload === 'offline');

  const late = await testClient(t, broker);
  await late.subscribeAsync(TOPICS.availability);
  await until('the retained availability', ENOUGH, () => late.received.length === 1);
  t.like(late.received[0], { payload: 'offline', retain: true });
});

test('a connection that breaks leaves its will, and a new one is made', async (t) => {
  const { on, publish, online, line } = await world(t);
  publish(openOutbox(t));
  await online();
  line.cut();
  await until('the will', ENOUGH, () => on(TOPICS.availability).at(-1)?.payload === 'offline');
  line.mend();
  await online();
  t.deepEqual(
    on(TOPICS.availability).map(({ payload }) => payload),
    ['online', 'offline', 'online'],
  );
});

test('a probe is answered where MQTT 5 asks for it, and otherwise where everybody hears it', async (t) => {
  const { publish, online, agent, on } = await world(t);
  publish(openOutbox(t));
  await online();
  await agent.publishAsync(TOPICS.probe, 'one', {
    properties: { responseTopic: 'wattdog/main/echo/me', correlationData: Buffer.from('c1') },
  });
  const echoes = () => agent.received.filter(({ topic }) => topic.startsWith(TOPICS.echo));
  await until('the answer', ENOUGH, () => echoes().length === 1);
  t.is(echoes()[0]?.topic, 'wattdog/main/echo/me');
  t.is(echoes()[0]?.correlation, 'c1');
  t.deepEqual(decodeProbeAnswer(Buffer.from(echoes()[0]?.payload ?? '')), {
    probe: 'one',
    port: 'open',
    quiet: 0.4,
    rejects: 2,
  });
  await agent.publishAsync(TOPICS.probe, 'x'.repeat(1000));
  await until('the second answer', ENOUGH, () => on(TOPICS.echo).length === 1);
  t.is(decodeProbeAnswer(Buffer.from(on(TOPICS.echo)[0]?.payload ?? '')).probe, 'x'.repeat(256));
});

test('a question that names its own topic for the answer, or comes from memory, is not answered', async (t) => {
  const { publish, online, agent, on } = await world(t);
  await agent.publishAsync(TOPICS.probe, 'old', { retain: true, qos: 1 });
  publish(openOutbox(t));
  await online();
  await agent.publishAsync(TOPICS.probe, 'loop', { properties: { responseTopic: TOPICS.probe } });
  await agent.publishAsync(TOPICS.probe, 'fence');
  await until('the answer to the last', ENOUGH, () => on(TOPICS.echo).length > 0);
  t.deepEqual(
    on(TOPICS.echo).map(({ payload }) => decodeProbeAnswer(Buffer.from(payload)).probe),
    ['fence'],
  );
  t.deepEqual(
    on(TOPICS.probe).map(({ payload }) => payload),
    ['old', 'loop', 'fence'],
  );
});

test('it is told to reopen its port, and obeys nothing else', async (t) => {
  const { publish, online, agent } = await world(t);
  await agent.publishAsync(TOPICS.command, 'reopen', { retain: true, qos: 1 });
  const meter = publish(openOutbox(t));
  await online();
  await agent.publishAsync(TOPICS.command, 'format the disk', { qos: 1 });
  await agent.publishAsync(TOPICS.command, 'reopen', { qos: 1 });
  await until('that it obeyed', ENOUGH, () => meter.reopened() > 0);
  t.is(meter.reopened(), 1, 'not what the broker remembered');
});

test('the watermark empties the outbox, and nothing is sent twice', async (t) => {
  const { on, publish, online, store, batches } = await world(t);
  const outbox = openOutbox(t);
  const meter = publish(outbox);
  await online();
  for (const seq of range(1, 5)) {
    meter.read();
    await until('the reading', ENOUGH, () => on(TOPICS.reading).length === seq);
    await store({ epoch: epochOf(outbox), seq });
    await until('the outbox to empty', ENOUGH, () => outbox.pending === 0);
  }
  t.deepEqual(batches(), []);
});

test('a watermark of another epoch, or none at all, lets go of nothing', async (t) => {
  const { agent, on, publish, online, store } = await world(t);
  const outbox = openOutbox(t);
  const meter = publish(outbox);
  await online();
  meter.read(2);
  await store({ epoch: 'another', seq: 2 });
  await agent.publishAsync(TOPICS.stored, 'garbage', { qos: 1 });
  await agent.publishAsync(TOPICS.stored, '', { qos: 1 });
  await store({ epoch: epochOf(outbox), seq: 1 });
  await until('the watermark', ENOUGH, () => outbox.pending === 1);
  t.is(on(TOPICS.availability).length, 1, 'the session stands');
});

test('readings made without a session come as backlog, in order, the next batch when the watermark moved', async (t) => {
  const { on, publish, online, store, batches, line } = await world(t);
  line.cut();
  const outbox = openOutbox(t);
  const meter = publish(outbox);
  meter.read(2 * BACKLOG_BATCH + 7);
  line.mend();
  await online();

  await until('the first batch', ENOUGH, () => batches().length === 1);
  t.deepEqual(seqs(batches()[0]), range(1, BACKLOG_BATCH));
  // The session works while the batch waits for its watermark.
  meter.read();
  await until('a live reading', ENOUGH, () => on(TOPICS.reading).length === 1);
  await store({ epoch: epochOf(outbox), seq: BACKLOG_BATCH - 1 });
  await until('the watermark', ENOUGH, () => outbox.oldest(1)[0]?.seq === BACKLOG_BATCH);
  t.is(batches().length, 1, 'not before the whole batch is stored');

  await store({ epoch: epochOf(outbox), seq: BACKLOG_BATCH });
  await until('the second batch', ENOUGH, () => batches().length === 2);
  t.deepEqual(seqs(batches()[1]), range(BACKLOG_BATCH + 1, 2 * BACKLOG_BATCH));
  await store({ epoch: epochOf(outbox), seq: 2 * BACKLOG_BATCH });
  await until('the rest', ENOUGH, () => batches().length === 3);
  t.deepEqual(seqs(batches()[2]), range(2 * BACKLOG_BATCH + 1, 2 * BACKLOG_BATCH + 8));
  await store({ epoch: epochOf(outbox), seq: 2 * BACKLOG_BATCH + 8 });
  await until('the outbox to empty', ENOUGH, () => outbox.pending === 0);
  t.true(on(TOPICS.backlog).every(({ retain }) => !retain));
  t.is(on(TOPICS.reading).length, 1, 'late readings are never live ones');
});

test('long readings go in as many messages as the largest payload needs', async (t) => {
  const { publish, store, batches, line } = await world(t);
  line.cut();
  const outbox = openOutbox(t);
  const meter = publish(outbox);
  const long = { ...unnumbered(), remark: 'x'.repeat(5000) };
  meter.read(300, long);
  line.mend();
  await until('the first batch', ENOUGH, () => batches().length === 1);
  const sent = batches()[0]?.length ?? 0;
  t.true(sent > 190 && sent < 210, `${sent}`);
  await store({ epoch: epochOf(outbox), seq: sent });
  await until('the rest', ENOUGH, () => batches().length === 2);
  t.deepEqual(seqs(batches()[1]), range(sent + 1, 300));
});

test('what it is is told again when its readings carry more', async (t) => {
  const { on, publish, online } = await world(t);
  let fields: string[] | undefined;
  const meter = publish(
    openOutbox(t),
    {},
    growingProfile(PROFILE, () => fields ?? NONE),
  );
  await online();
  meter.read(2);
  await until('the readings', ENOUGH, () => on(TOPICS.reading).length === 2);
  t.is(on(TOPICS.profile).length, 1);
  fields = ['gas'];
  meter.read(2);
  await until('the readings', ENOUGH, () => on(TOPICS.reading).length === 4);
  t.deepEqual(
    on(TOPICS.profile).map(({ payload }) => decodeProfile(Buffer.from(payload)).fields.includes('gas')),
    [false, true],
  );
});

test('what is not stored is sent again, and no less than before', async (t) => {
  const { publish, store, batches, line } = await world(t);
  line.cut();
  const outbox = openOutbox(t);
  const meter = publish(outbox, { patience: 100, mostPatience: 200 });
  meter.read(3);
  line.mend();
  await until('three batches', ENOUGH, () => batches().length >= 3);
  for (const batch of batches()) t.deepEqual(seqs(batch), [1, 2, 3]);
  await store({ epoch: epochOf(outbox), seq: 2 });
  await until('the rest', ENOUGH, () => batches().at(-1)?.length === 1);
  t.deepEqual(seqs(batches().at(-1)), [3]);
});

test('a live reading that nobody stores comes again as backlog', async (t) => {
  const { publish, online, batches } = await world(t);
  const meter = publish(openOutbox(t), { patience: 100, mostPatience: 200 });
  await online();
  meter.read(2);
  await until('a batch', ENOUGH, () => batches().length > 0);
  t.deepEqual(seqs(batches()[0]), [1, 2]);
});

test('after an absence of the agent, its first watermark ends the long patience', async (t) => {
  const { publish, online, store, batches } = await world(t);
  const outbox = openOutbox(t);
  const meter = publish(outbox, { patience: 100, mostPatience: 60_000 });
  await online();
  meter.read(2);
  // It waited 100, 200, 400, 800, 1600 and 3200 ms, each time twice as long; now it would wait 6400 ms.
  await until('patience to grow', ENOUGH, () => batches().length === 7);
  await store({ epoch: epochOf(outbox), seq: 1 });
  const before = performance.now();
  await until('the next batch', ENOUGH, () => batches().length === 8);
  t.true(performance.now() - before < 5500, `${performance.now() - before} ms`);
  t.deepEqual(seqs(batches().at(-1)), [2]);
});

test('a new session waits for the retained watermark and sends nothing that is stored', async (t) => {
  const { publish, store, online, batches } = await world(t);
  const outbox = openOutbox(t);
  for (const seq of range(1, 4)) outbox.append(unnumbered({ power: seq }), { energy: 0, cost: 0 });
  await store({ epoch: epochOf(outbox), seq: 3 });
  publish(outbox, { watermarkGrace: 60_000 });
  await online();
  await until('the rest', ENOUGH, () => batches().length === 1);
  t.deepEqual(seqs(batches()[0]), [4]);
});

test('an outbox that is an old copy of itself takes a new epoch before it sends on', async (t) => {
  const { publish, store, online, batches } = await world(t);
  const outbox = openOutbox(t);
  for (const seq of range(1, 2)) outbox.append(unnumbered({ power: seq }), { energy: 0, cost: 0 });
  const before = epochOf(outbox);
  await store({ epoch: before, seq: 50 });
  publish(outbox, { watermarkGrace: 60_000 });
  await online();
  await until('a batch', ENOUGH, () => batches().length === 1);
  const renewed = epochOf(outbox);
  t.not(renewed, before);
  t.deepEqual(
    batches()[0]?.map(({ epoch, seq }) => [epoch, seq]),
    [
      [renewed, 1],
      [renewed, 2],
    ],
  );
  await store({ epoch: epochOf(outbox), seq: 2 });
  await until('the outbox to empty', ENOUGH, () => outbox.pending === 0);
});

test('what is of two epochs goes in batches of one, the older first, and live readings do not wait for it', async (t) => {
  const { on, publish, online, store, batches } = await world(t);
  const path = join(temporaryFolder(t), 'outbox.db');
  const before = openOutboxAt(path, { boot: 'boot 1' });
  const old = range(1, 3).map((power) => before.append(unnumbered({ power }), { energy: 0, cost: 0 }));
  before.close();
  const outbox = openOutboxAt(path, { boot: 'boot 2' });
  t.teardown(() => outbox.close());
  const late = [outbox.append(unnumbered({ power: 4 }), { energy: 0, cost: 0 })];
  const meter = publish(outbox);
  await online();
  await until('the older ones', ENOUGH, () => batches().length === 1);
  t.deepEqual(batches()[0], old);
  const [live] = meter.read();
  await until('a live reading', ENOUGH, () => on(TOPICS.reading).length === 1);
  t.like(live, { epoch: late[0]?.epoch, seq: 2 });
  // Of the same numbers, but another epoch.
  await store({ epoch: late[0]?.epoch ?? '', seq: 0 });
  await store({ epoch: old[0]?.epoch ?? '', seq: 3 });
  await until('the newer ones', ENOUGH, () => batches().length === 2);
  t.deepEqual(batches()[1], [...late, live]);
  await store({ epoch: live?.epoch ?? '', seq: 2 });
  await until('the outbox to empty', ENOUGH, () => outbox.pending === 0);
});

test('a live reading of an epoch that began meanwhile gets time to be stored, too', async (t) => {
  const { on, publish, online, store, batches } = await world(t);
  const path = join(temporaryFolder(t), 'outbox.db');
  const outbox = openOutboxAt(path);
  t.teardown(() => outbox.close());
  for (const power of range(1, 3)) outbox.append(unnumbered({ power }), { energy: 0, cost: 0 });
  await store({ epoch: epochOf(outbox), seq: 3 });
  const meter = publish(outbox, { watermarkGrace: 60_000 });
  await online();
  await until('the watermark', ENOUGH, () => outbox.pending === 0);
  const [before] = meter.read();
  const other = new DatabaseSync(path);
  t.teardown(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const [first] = meter.read();
  t.is(first?.seq, 1);
  await store({ epoch: before?.epoch ?? '', seq: 4 });
  await until('the watermark', ENOUGH, () => outbox.pending === 1);
  meter.read();
  await until('the readings', ENOUGH, () => on(TOPICS.reading).length === 3);
  await store({ epoch: first?.epoch ?? '', seq: 2 });
  await until('the outbox to empty', ENOUGH, () => outbox.pending === 0);
  t.deepEqual(batches(), []);
});

test('no broker at all: readings wait, and it stops when it is told to', async (t) => {
  const { publish, line } = await world(t);
  line.cut();
  const outbox = openOutbox(t);
  const meter = publish(outbox);
  meter.read(3);
  await meter.end();
  t.is(outbox.pending, 3);
});
