import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type Meter, Meters } from '../../agent/meters.ts';
import { AgentState } from '../../agent/state.ts';
import { profileOf } from '../../meter/profile.ts';
import { sceTouDA } from '../../meter/tariff/shipped/sce-tou-d-a.ts';
import { keepSession } from '../../shared/mqtt.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { systemTime } from '../../shared/time.ts';
import { openBroker, openClient } from '../support/brokers.ts';
import { silentLog, until } from '../support/system.ts';

/** A registry in a session with a real broker, and a meter's end of it. */
async function world(
  t: ExecutionContext,
  state = new AgentState(':memory:', silentLog),
  ours: string[] = [],
) {
  const { url } = await openBroker(t);
  const client = await openClient(t, url);
  const meters = new Meters(state.profileStore(silentLog), silentLog, ours);
  const stop = new AbortController();
  const running = keepSession(
    { address: { url }, clientId: 'agent' },
    { time: systemTime, log: silentLog },
    stop.signal,
    (session) => meters.run(session),
  );
  t.teardown(async () => {
    stop.abort();
    await running;
  });
  const post = (topic: string, payload: string) =>
    client.publishAsync(`wattdog/${topic}`, payload, { qos: 1, retain: true });
  return {
    state,
    meters,
    post,
    /** A meter of some data folder appears. */
    introduce: (name: string, installation: string, names = [name]) =>
      post(
        `${name}/profile`,
        JSON.stringify({
          ...profileOf(settingsSchema.parse({ meter: { name } }).meter, sceTouDA, installation),
          meters: names,
        }),
      ),
    see: (name: string, online: boolean) => post(`${name}/availability`, online ? 'online' : 'offline'),
    names: () => meters.list().map(({ name }) => name),
    /** What a newcomer finds on the broker. */
    async retained(filter: string) {
      const newcomer = await openClient(t, url, filter, 'wattdog/end');
      await newcomer.publishAsync('wattdog/end', '');
      await until('all that is retained', 5000, () =>
        newcomer.received.some(({ topic }) => topic === 'wattdog/end'),
      );
      return newcomer.received.filter(({ retain }) => retain).map(({ topic }) => topic);
    },
  };
}

test('meters are known by what they say, and who is online', async (t) => {
  const { meters, introduce, see, names } = await world(t);
  await introduce('b', 'two');
  await introduce('a', 'one');
  await until('both', 5000, () => names().length === 2);
  t.deepEqual(names(), ['a', 'b']);
  t.is(meters.get('a')?.online, undefined);
  await see('a', true);
  await until('it', 5000, () => meters.get('a')?.online === true);
  t.like(meters.get('a') as Meter, { profile: { currency: 'USD', installation: 'one' } });
});

test('a meter that was renamed leaves nothing behind', async (t) => {
  const { state, meters, introduce, see, post, names, retained } = await world(t);
  await introduce('main', 'one');
  await see('main', true);
  await post('main/reading', '{}');
  await post('main/stored', '{}');
  await post('main/diagnostics', '{}');
  await introduce('other', 'two');
  await see('other', true);
  await see('main', false);
  await introduce('house', 'one');
  await see('house', true);
  await until('the former name to go', 5000, () => names().join() === 'house,other');
  t.true(meters.isFormer('main'));
  t.deepEqual(await retained('wattdog/main/#'), []);
  const later = new Meters(state.profileStore(silentLog), silentLog);
  t.deepEqual(
    later.list().map(({ name }) => name),
    ['house', 'other'],
  );
  t.true(later.isFormer('main'));
  await introduce('main', 'three');
  await until('another of that name', 5000, () => names().includes('main'));
  t.false(meters.isFormer('main'));
});

test('two meters of one data folder that are both online are two meters', async (t) => {
  const { introduce, see, names, meters } = await world(t);
  await introduce('a', 'copied');
  await see('a', true);
  await introduce('b', 'copied');
  await see('b', true);
  await until('both', 5000, () => meters.get('b')?.online === true);
  t.deepEqual(names(), ['a', 'b']);
});

test('a name from the last run of the agent goes, though nobody says that it is offline', async (t) => {
  const state = new AgentState(':memory:', silentLog);
  const before = await world(t, state);
  await before.introduce('main', 'one');
  await until('it', 5000, () => before.names().length === 1);
  const { introduce, see, names } = await world(t, state);
  t.deepEqual(names(), ['main']);
  await introduce('house', 'one');
  await see('house', true);
  await until('that it is gone', 5000, () => names().join() === 'house');
});

test('a meter that left its process is gone; one that is only offline is not', async (t) => {
  const { introduce, see, names, meters } = await world(t);
  for (const name of ['house', 'garage']) {
    await introduce(name, 'one', ['house', 'garage']);
    await see(name, true);
  }
  await see('garage', false);
  await until('that it is offline', 5000, () => meters.get('garage')?.online === false);
  t.deepEqual(names(), ['garage', 'house']);
  await introduce('house', 'one', ['house']);
  await until('that it is gone', 5000, () => names().join() === 'house');
});

test('a meter of the settings stays, though another process of its data folder does not name it', async (t) => {
  const { introduce, see, names, meters } = await world(t, undefined, ['a', 'b']);
  for (const name of ['a', 'b', 'former']) {
    await introduce(name, 'one');
    await see(name, true);
  }
  for (const name of ['a', 'former']) await see(name, false);
  await until('the former to go', 5000, () => !names().includes('former'));
  await until('that it is offline', 5000, () => meters.get('a')?.online === false);
  t.deepEqual(names(), ['a', 'b']);
  meters.forget('a');
  t.deepEqual(names(), ['b']);
});

test('what is no profile makes no meter', async (t) => {
  const { post, introduce, names, meters } = await world(t);
  await post('main/profile', '{"version":');
  await post('main/profile', JSON.stringify({ version: '1' }));
  await post('BAD/profile', '{}');
  await introduce('good', 'one');
  await until('the good one', 5000, () => names().length > 0);
  await setImmediate();
  t.deepEqual(names(), ['good']);
  meters.forget('never-known');
});
