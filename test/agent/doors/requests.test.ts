import test, { type ExecutionContext } from 'ava';
import { createRequests } from '../../../agent/doors/requests.ts';
import type { GapView } from '../../../agent/doors/views.ts';
import { RetryError } from '../../../shared/errors.ts';
import { keepSession } from '../../../shared/mqtt.ts';
import { systemTime } from '../../../shared/time.ts';
import { openBroker, openClient } from '../../support/brokers.ts';
import { silentLog, until } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';
import { feed } from '../house/history.ts';
import { furnish, MIDNIGHT } from '../house/support.ts';
import { scriptedOperations, scriptedQueries } from '../web/support.ts';

const BY = 'a request on MQTT';
const gap: GapView = {
  ...{ meter: 'main', start: 1_700_000_000_000, end: 1_700_000_000_001, cause: 'silence' },
  ...{ readings: 0, energy: 0, cost: 0, exportEnergy: 0, credit: 0, estimatedEnergy: 0, estimatedCost: 0 },
};

/** A broker, the agent's requests, and a client that asks. */
async function setUp(t: ExecutionContext, operations = scriptedOperations(), queries = scriptedQueries()) {
  const broker = await openBroker(t);
  const client = await openClient(t, broker.url, 'wattdog/agent/answer/#', 'elsewhere');
  await client.publishAsync('wattdog/agent/request/restart/studio', 'force', { qos: 1, retain: true });
  const time = virtualTime();
  const requests = createRequests({ operations, queries, time, log: silentLog });
  const stop = new AbortController();
  const running = keepSession(
    { address: { url: broker.url }, clientId: 'requests' },
    { time: systemTime, log: silentLog, random: () => 0 },
    stop.signal,
    async (session) => {
      // Other parts of the agent listen on the same session.
      await session.subscribe(['wattdog/+/reading', 'wattdog/agent/request/+/+/+'], 0);
      await requests.run(session);
    },
  );
  t.teardown(async () => {
    stop.abort();
    await running;
  });
  await until('the retained request to come', 10_000, () => requests.counts.retained === 1);
  const ask = (words: string, payload: string | Buffer = '', properties = {}) =>
    client.publishAsync(`wattdog/agent/request/${words}`, payload, { qos: 1, properties });
  const handled = (count: number) =>
    until(`${count} requests`, 10_000, () => {
      const { accepted, invalid, limited } = requests.counts;
      return accepted + invalid + limited === count;
    });
  return { operations, requests, ask, client, handled, time };
}

test('restart, hold and release are carried out, by the name of the watch or its container', async (t) => {
  const { operations, requests, ask, handled } = await setUp(t);
  await ask('restart/studio');
  await ask('restart/studio-electricity-meter', 'force');
  await ask('hold/garage', '2h');
  await ask('release/garage');
  await handled(4);
  t.deepEqual(operations.asked, [
    ['restart', 'studio', { force: false, by: BY }],
    ['restart', 'studio', { force: true, by: BY }],
    ['hold', 'garage', 7_200_000, BY],
    ['release', 'garage', BY],
  ]);
  t.like(requests.counts, { accepted: 4, invalid: 0, limited: 0 });
});

test('a retained request is not carried out: it would be again at every start', async (t) => {
  const { operations, requests } = await setUp(t);
  t.deepEqual(operations.asked, []);
  t.like(requests.counts, { retained: 1, accepted: 0 });
});

test('whoever names a response topic is answered, with his correlation data', async (t) => {
  const operations = scriptedOperations({ restart: () => ({ result: 'refused', sentence: 'it is well' }) });
  const { ask, client } = await setUp(t, operations);
  const correlations: string[] = [];
  client.on('message', (_topic, _payload, { properties }) =>
    correlations.push(String(properties?.correlationData)),
  );
  const responseTopic = 'wattdog/agent/answer/me';
  const requests: [string, string, unknown][] = [
    ['restart/studio', '', { result: 'refused', sentence: 'it is well' }],
    ['hold/studio', '1h', { heldUntil: 1_700_000_000_000 + 3_600_000 }],
    ['release/studio', '', { released: true }],
    [
      'release/nobody',
      '',
      {
        error:
          'carrying out a request on MQTT: release: the watch must be one of studio, garage, got "nobody"',
      },
    ],
  ];
  for (const [index, [words, payload]] of requests.entries())
    await ask(words, payload, { responseTopic, correlationData: Buffer.from(`n${index}`) });
  await until('the answers', 10_000, () => client.received.length === requests.length);
  t.deepEqual(
    client.received.map(({ topic, payload }) => [topic, JSON.parse(payload)]),
    requests.map(([, , answer]) => [responseTopic, answer]),
  );
  t.deepEqual(correlations, ['n0', 'n1', 'n2', 'n3']);
});

test('nobody is answered on a topic that he may only have us write to', async (t) => {
  const { ask, client, handled, requests } = await setUp(t);
  await ask('release/studio', '', { responseTopic: 'elsewhere' });
  await ask('release/studio', '', { responseTopic: 'wattdog/main/command' });
  await handled(2);
  await ask('release/studio', '', { responseTopic: 'wattdog/agent/answer/x' });
  await until('the last answer', 10_000, () => client.received.length > 0);
  t.deepEqual(
    client.received.map(({ topic }) => topic),
    ['wattdog/agent/answer/x'],
  );
  t.is(requests.counts.accepted, 3);
});

test('what is no request is refused with the rule and the value, and counted', async (t) => {
  const { operations, requests, ask, client, handled } = await setUp(t);
  const responseTopic = 'wattdog/agent/answer/me';
  const wrong: [string, string | Buffer, RegExp][] = [
    ['explode/studio', '', /explode: the verb must be restart, hold, release, forget or get, got "explode"$/],
    ['constructor/studio', '', /the verb must be/],
    ['restart/studio', 'now', /restart: the payload must be empty or `force`, got "now"$/],
    ['hold/studio', '', /hold: the payload must be a number with a unit .*, got ""$/],
    ['hold/studio', '40d', /hold: the payload must be at most 24d, got "40d"$/],
    ['hold/studio', Buffer.from([0xff, 0x00]), /hold: the payload must be .*, got "\ufffd\\u0000"$/],
    ['release/studio', '1h', /release: the payload must be empty, got "1h"$/],
    ['hold/nobody', '1h', /hold: the watch must be one of studio, garage, got "nobody"$/],
    ['hold/', '1h', /the watch must be one of studio, garage, got ""$/],
  ];
  for (const [words, payload] of wrong) await ask(words, payload, { responseTopic });
  await handled(wrong.length);
  await until('the answers', 10_000, () => client.received.length === wrong.length);
  for (const [index, [words, , message]] of wrong.entries())
    t.regex(JSON.parse(client.received[index]?.payload ?? '').error, message, words);
  t.deepEqual(operations.asked, []);
  t.like(requests.counts, { invalid: wrong.length, accepted: 0 });
});

test('messages of other topics on the same session are none of its business', async (t) => {
  const { operations, requests, ask, client, handled } = await setUp(t);
  await client.publishAsync('wattdog/main/reading', '{}', { qos: 1 });
  await ask('restart/studio/x');
  await ask('release/studio');
  await handled(1);
  t.is(operations.asked.length, 1);
  t.is(requests.counts.invalid, 0);
});

test('more than a few at once are not carried out; a second later the next one is', async (t) => {
  const { operations, requests, ask, handled, time } = await setUp(t);
  for (let n = 0; n < 15; n += 1) await ask('release/studio');
  await handled(15);
  t.like(requests.counts, { accepted: 10, limited: 5 });
  await time.advance(1000);
  await ask('release/studio');
  await ask('release/studio');
  await handled(17);
  t.like(requests.counts, { accepted: 11, limited: 6 });
  t.is(operations.asked.length, 11);
});

test('a meter is forgotten where it may be', async (t) => {
  const operations = scriptedOperations({ forget: () => ({ result: 'online', sentence: 'it is there' }) });
  const { ask, client } = await setUp(t, operations);
  const responseTopic = 'wattdog/agent/answer/me';
  await ask('forget/main', '', { responseTopic });
  await ask('forget/main', 'x', { responseTopic });
  await until('the answers', 10_000, () => client.received.length === 2);
  t.deepEqual(JSON.parse(client.received[0]?.payload ?? ''), { result: 'online', sentence: 'it is there' });
  t.regex(client.received[1]?.payload ?? '', /the payload must be empty, got/);
  t.deepEqual(operations.asked, [['forget', 'main', BY]]);
});

test('all that the API tells can be got, with the same answers', async (t) => {
  const operations = scriptedOperations();
  const { house } = furnish(t, feed(MIDNIGHT).last(1000, 600, 60), { operations });
  const { ask, client, requests } = await setUp(t, operations, house);
  const range = { from: MIDNIGHT, to: new Date(MIDNIGHT + 3_600_000).toISOString() };
  const span = { from: MIDNIGHT, to: MIDNIGHT + 3_600_000 };
  const gets: [string, string, unknown][] = [
    ['agent', '', house.agent()],
    ['meters', '{}', { meters: house.meters() }],
    ['stores', '', { stores: [] }],
    ['watches', '', { watches: operations.watches() }],
    ['incidents', '{"limit":3}', { incidents: [] }],
    ['gaps', JSON.stringify({ ...range, limit: '5' }), { gaps: house.gaps(span, 5) }],
    ['power', JSON.stringify({ meter: 'main', ...range, points: 9 }), await house.power('main', span, 9)],
    [
      'energy',
      JSON.stringify({ meter: 'main', unit: 'hour', ...range }),
      await house.energy('main', 'hour', span),
    ],
  ];
  const responseTopic = 'wattdog/agent/answer/me';
  for (const [name, question] of gets) await ask(`get/${name}`, question, { responseTopic });
  await until('the answers', 10_000, () => client.received.length === gets.length);
  const answers = client.received.map(({ payload }) => payload).toSorted();
  t.deepEqual(answers, gets.map(([, , answer]) => JSON.stringify(answer)).toSorted());
  t.like(requests.counts, { accepted: gets.length, invalid: 0 });
});

test('who cannot name a response topic gets it on the topic of its name', async (t) => {
  const { ask, client } = await setUp(t);
  await ask('get/stores');
  await until('the answer', 10_000, () => client.received.length === 1);
  t.like(client.received, [
    { topic: 'wattdog/agent/answer/stores', payload: '{"stores":[]}', retain: false },
  ]);
});

test('a question that does not fit is answered with the rule', async (t) => {
  const power = () => Promise.reject(new RetryError('the journal is closed'));
  const meters = () => {
    throw new Error('secret detail');
  };
  const gaps = () => Array.from({ length: 9999 }, () => gap);
  const queries = scriptedQueries({ knows: (name) => name === 'main', power, meters, gaps });
  const { ask, client, requests, time } = await setUp(t, scriptedOperations(), queries);
  const responseTopic = 'wattdog/agent/answer/me';
  const wrong: [string, string, RegExp][] = [
    ['nothing', '', /get: the name must be one of agent, meters, .*, got \\"nothing\\"/],
    ['__proto__', '', /the name must be one of/],
    ['power', '{', /get: the payload must be empty or JSON, got/],
    ['power', '[]', /reading power: Invalid input: expected object, .*, got \[\]/],
    ['power', '{}', /reading power: meter: must be the name of a meter, got nothing/],
    [
      'power',
      '{"meter":"main","from":"yesterday"}',
      /reading power: from: must be ms since 1970 UTC, or ISO 8601/,
    ],
    ['power', '{"meter":"main","from":5,"to":4}', /`from` must be before `to`, got 5 and 4/],
    ['power', '{"meter":"main"}', /^{"error":"the journal is closed"}$/],
    ['energy', '{"meter":"main","unit":"hour","from":0}', /must be at most 400 days at once, got \d+/],
    ['meters', '', /^{"error":"the agent failed; its log says how"}$/],
    ['gaps', '{"limit":9999}', /must be at most \d+ bytes, is \d+: ask for a shorter range or fewer/],
  ];
  for (const [index, [name, question, message]] of wrong.entries()) {
    await ask(`get/${name}`, question, { responseTopic });
    await until('the answer', 10_000, () => client.received.length > index);
    t.regex(client.received[index]?.payload ?? '', message, `${name} ${question}`);
    await time.advance(1000);
  }
  t.like(requests.counts, { accepted: 0, invalid: wrong.length - 2 });
});
