import test from 'ava';
import { cappedPersistence } from '../../broker/queues.ts';
import { until } from '../support/system.ts';
import { testBroker, testClient } from './support.ts';

const client = { id: 'away' };
const session = { clientId: 'away' };
const kilobytes = (amount: number) => Buffer.alloc(amount * 1024);

async function queued(persistence: ReturnType<typeof cappedPersistence>): Promise<number> {
  return (await persistence.outgoingStream(client).toArray()).length;
}

test('a session that is away keeps four megabytes', async (t) => {
  let dropped = 0;
  const persistence = cappedPersistence(() => {
    dropped += 1;
  });
  for (let brokerCounter = 1; brokerCounter <= 10; brokerCounter += 1)
    await persistence.outgoingEnqueueCombi([session], {
      cmd: 'publish',
      brokerCounter,
      payload: kilobytes(512),
    });
  t.is(await queued(persistence), 7);
  t.is(dropped, 3);
});

test('what is acknowledged makes room, the payload of a QoS 2 message too', async (t) => {
  const persistence = cappedPersistence(() => t.fail('nothing may be dropped'));
  for (let brokerCounter = 1; brokerCounter <= 100; brokerCounter += 1) {
    const packet = { cmd: 'publish', brokerCounter, payload: kilobytes(1024) };
    await persistence.outgoingEnqueueCombi([session], packet);
    await persistence.outgoingUpdate(client, { ...packet, messageId: brokerCounter });
    await persistence.outgoingUpdate(client, { cmd: 'pubrel', messageId: brokerCounter });
    const cleared = await persistence.outgoingClearMessageId(client, {
      cmd: 'pubcomp',
      messageId: brokerCounter,
    });
    t.is(cleared?.cmd, 'pubrel');
  }
  t.is(await queued(persistence), 0);
});

test('a message that was left out does not disconnect the client that is told of it', async (t) => {
  const persistence = cappedPersistence(() => {});
  await t.notThrowsAsync(
    persistence.outgoingUpdate(client, { cmd: 'publish', brokerCounter: 1, messageId: 1 }),
  );
});

for (const protocolVersion of [4, 5] as const) {
  test(`a session that is away gets its messages later, in order (MQTT ${protocolVersion})`, async (t) => {
    const broker = await testBroker(t);
    const options = {
      protocolVersion,
      clientId: 'away',
      clean: false,
      properties: { sessionExpiryInterval: 60 },
    };
    const before = await testClient(t, broker, options);
    await before.subscribeAsync('a/#', { qos: 2 });
    await before.endAsync();
    const publisher = await testClient(t, broker, { protocolVersion });
    for (const [index, qos] of ([1, 2, 1] as const).entries())
      await publisher.publishAsync('a/b', String(index), { qos });

    const after = await testClient(t, broker, options);
    await until('three messages', 5000, () => after.received.length === 3);
    t.deepEqual(
      after.received.map(({ payload }) => payload),
      ['0', '1', '2'],
    );
  });
}
