import test, { type ExecutionContext } from 'ava';
import { AgentState } from '../../../agent/state.ts';
import { startBroker } from '../../../broker/broker.ts';
import { hashPassword } from '../../../broker/passwords.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';
import { agentTopics } from '../../../shared/wire.ts';
import { openBroker, openClient, openMosquitto } from '../../support/brokers.ts';
import { type FakeHomeAssistant, openFakeHomeAssistant } from '../../support/home-assistant/fake.ts';
import { retainedBelow, startAgent, startMeter, watchOf } from '../../support/home-assistant/house.ts';
import { realTest } from '../../support/real.ts';
import { eventually, silentLog, temporaryFolder, until } from '../../support/system.ts';

const WITHIN = 60_000;
const ALL = 'homeassistant/#';

const brokers = {
  'our broker': { open: openBroker, test },
  Mosquitto: { open: openMosquitto, test: realTest('mosquitto') },
};

/** What a simulated panel of two phases shows. */
const SHOWN = {
  'binary_sensor.main_connectivity': 'on',
  'binary_sensor.main_problem': 'off',
  'binary_sensor.wattdog_connectivity': 'on',
  'binary_sensor.wattdog_problem_victoriametrics': 'off',
  'button.main_restart': 'unknown',
  'event.main_stall': 'unknown',
  'sensor.main_apparent_power': '360',
  'sensor.main_cost': '0.5',
  'sensor.main_cost_today': '0.4',
  'sensor.main_current_1': '1',
  'sensor.main_current_2': '2',
  'sensor.main_energy': '2.5',
  'sensor.main_energy_today': '1.5',
  'sensor.main_power': '360',
  'sensor.main_price': '0.25',
  'sensor.main_quality': 'simulated',
  'sensor.main_tariff': 'winter off-peak',
  'sensor.main_voltage_1': '120',
  'sensor.main_voltage_2': '120',
  'sensor.wattdog_lag_victoriametrics': '7',
};

/** A house with one meter of which everything is known. */
async function live(t: ExecutionContext, url: string, options: Parameters<typeof startAgent>[2] = {}) {
  const agent = startAgent(t, { url }, options);
  agent.bulletin.post(agentTopics.watch('main'), watchOf('main').verdict);
  agent.bulletin.post(agentTopics.store('victoriametrics'), {
    name: 'victoriametrics',
    lag: 7,
    downSince: null,
  });
  agent.sum('main', { energy: 2.5, cost: 0.5 });
  const meter = await startMeter(t, { url }, 'main');
  await meter.read({ quality: 'simulated' });
  return { agent, meter };
}

const shown = (home: FakeHomeAssistant) =>
  until('all states', WITHIN, () => JSON.stringify(home.states()) === JSON.stringify(SHOWN)).catch(() => {
    throw new Error(JSON.stringify([home.states(), home.problems]));
  });

for (const [name, broker] of Object.entries(brokers))
  for (const version of [5, 4] as const)
    for (const discovery of ['device', 'component'])
      broker.test(
        `on ${name}, over MQTT ${version === 5 ? '5' : '3.1.1'}, by ${discovery}: all is shown`,
        async (t) => {
          const { url } = await broker.open(t);
          const home = await openFakeHomeAssistant(t, { url, version });
          const { agent, meter } = await live(t, url, {
            home_assistant: { discovery },
            page: 'http://192.168.1.2:9288',
          });
          await shown(home);
          t.deepEqual(home.problems, []);
          t.is(home.entity('sensor.main_power').device.configuration_url, 'http://192.168.1.2:9288');

          agent.bulletin.post(agentTopics.watch('main'), {
            state: 'stalled',
            cause: 'frozen',
            sentence: 'it hangs',
            evidence: {},
          });
          await until('the problem', WITHIN, () => home.state('binary_sensor.main_problem') === 'on');
          t.deepEqual(home.entity('binary_sensor.main_problem').attributes, {
            verdict: 'stalled',
            cause: 'frozen',
            sentence: 'it hangs',
          });
          agent.bulletin.tell(agentTopics.event('main'), {
            event_type: 'stalled',
            id: 3,
            cause: 'frozen',
            verdict: 'it hangs',
            tries: [],
          });
          await until('the event', WITHIN, () => home.state('event.main_stall') === 'stalled');
          t.like(home.entity('event.main_stall').attributes, { incident: 3, loss: null });

          const asked = await openClient(t, url, agentTopics.request('+', '+'));
          await home.press('button.main_restart');
          await until('the request', WITHIN, () => asked.received.length > 0);
          t.deepEqual(asked.received, [
            { topic: agentTopics.request('restart', 'main'), payload: 'force', retain: false },
          ]);

          await meter.see(false);
          await until(
            'the reader to be gone',
            WITHIN,
            () => home.state('sensor.main_power') === 'unavailable',
          );
          t.is(home.state('sensor.main_energy'), '2.5');
          t.is(home.state('binary_sensor.main_connectivity'), 'off');
          t.is(home.state('button.main_restart'), 'unknown');
          await agent.stop();
          await until(
            'the agent to be gone',
            WITHIN,
            () => home.state('sensor.main_energy') === 'unavailable',
          );
          t.is(home.state('binary_sensor.wattdog_connectivity'), 'off');
          t.deepEqual(home.problems, []);
        },
      );

test('a Home Assistant that starts later is told all, and told again when it starts anew', async (t) => {
  const { url } = await openBroker(t);
  await live(t, url);
  await until('the announcement', WITHIN, async () => (await retainedBelow(t, url, ALL)).length === 2);
  const home = await openFakeHomeAssistant(t, { url });
  const isShown = () =>
    home.state('sensor.main_power') === '360' && home.state('sensor.main_energy') === '2.5';
  await until('what is retained', WITHIN, isShown);
  const topic = 'homeassistant/device/wattdog-main/config';
  await until('the answer to its birth', WITHIN, () => (home.announced.get(topic) ?? 0) >= 2);
  await home.stop();
  await home.start();
  await until('all again', WITHIN, isShown);
  await until('the answer to its birth', WITHIN, () => (home.announced.get(topic) ?? 0) >= 2);
  t.deepEqual(home.problems, []);
});

test('states that a broker does not retain come with the answer to a birth', async (t) => {
  const { url } = await openBroker(t);
  const { agent } = await live(t, url);
  const home = await openFakeHomeAssistant(t, { url });
  await until('it', WITHIN, () => home.state('sensor.main_energy') === '2.5');
  const client = await openClient(t, url);
  for (const topic of [agentTopics.meter('main'), agentTopics.watch('main')])
    await client.publishAsync(topic, '', { retain: true, qos: 1 });
  await home.stop();
  await home.start();
  await until('the states', WITHIN, () => home.state('sensor.main_energy') === '2.5');
  await until('the verdict', WITHIN, () => home.state('binary_sensor.main_problem') === 'off');
  t.deepEqual(home.problems, []);
  await agent.stop();
});

test('a retained birth is nobody’s', async (t) => {
  const { url } = await openBroker(t);
  const client = await openClient(t, url, 'homeassistant/device/wattdog/config');
  await client.publishAsync('homeassistant/status', 'online', { retain: true, qos: 1 });
  const state = new AgentState(':memory:', silentLog);
  const store = state.announcementStore(silentLog);
  store.save({ topic: 'homeassistant/device/wattdog-old/config', payload: '{}', gone: true });
  const isRemembered = () => store.load().some(({ gone }) => gone);
  await live(t, url, { state });
  await until('the announcement', WITHIN, () => client.received.length > 0);
  // An answer would end after 550 ms at most.
  await new Promise((resolve) => setTimeout(resolve, 700));
  t.true(isRemembered());
  await client.publishAsync('homeassistant/status', 'online', { qos: 1 });
  await until('the answer to a real one', WITHIN, () => !isRemembered());
});

for (const discovery of ['device', 'component']) {
  test(`by ${discovery}: a meter that is renamed leaves nothing behind`, async (t) => {
    const { url } = await openBroker(t);
    const home = await openFakeHomeAssistant(t, { url });
    const { agent, meter } = await live(t, url, { home_assistant: { discovery } });
    await shown(home);
    await meter.see(false);
    const house = await startMeter(t, { url }, 'house', { installation: meter.profile.installation });
    await house.read();
    await until('the new name', WITHIN, () => home.state('sensor.house_power') === '360');
    const isOld = (id: string) => id.startsWith('wattdog-main') || id.includes('/wattdog-main/');
    await until('the old one to go', WITHIN, () => ![...home.registry.keys()].some(isOld));
    await until(
      'the broker to forget it',
      WITHIN,
      async () => !(await retainedBelow(t, url, ALL)).some(isOld),
    );
    t.deepEqual(home.problems, []);
    await agent.stop();
  });

  test(`by ${discovery}: what went while Home Assistant was away goes when it is back`, async (t) => {
    const { url } = await openBroker(t);
    const home = await openFakeHomeAssistant(t, { url });
    const { agent } = await live(t, url, { home_assistant: { discovery } });
    await shown(home);
    await home.stop();
    agent.meters.forget('main');
    await until(
      'it to go',
      WITHIN,
      async () => !(await retainedBelow(t, url, ALL)).some((topic) => topic.includes('wattdog-main')),
    );
    t.true(home.registry.has('wattdog-main-power'));
    await home.start();
    await until(
      'it to be forgotten',
      WITHIN,
      () => ![...home.registry.keys()].some((id) => id.startsWith('wattdog-main-')),
    );
    t.true(home.registry.has('wattdog-connectivity'));
    t.deepEqual(
      (await retainedBelow(t, url, ALL)).filter((topic) => topic.includes('wattdog-main')),
      [],
    );
    await until('it to be done', WITHIN, () =>
      agent.state
        .announcementStore(silentLog)
        .load()
        .every(({ gone }) => !gone),
    );
    t.deepEqual(home.problems, []);
  });

  test(`by ${discovery}: an entity that is no more goes, alone`, async (t) => {
    const { url } = await openBroker(t);
    const home = await openFakeHomeAssistant(t, { url });
    const { meter } = await live(t, url, { home_assistant: { discovery } });
    await shown(home);
    await meter.introduce({ fields: ['current_1', 'voltage_1'] });
    await until('it to go', WITHIN, () => home.state('sensor.main_voltage_2') === undefined);
    t.is(home.state('sensor.main_voltage_1'), '120');
    t.false(home.registry.has('wattdog-main-voltage_2'));
    await meter.introduce({});
    await until('it to come back', WITHIN, () => home.state('sensor.main_voltage_2') === '120');
    t.deepEqual(home.problems, []);
  });

  const other = discovery === 'device' ? 'component' : 'device';
  test(`from ${discovery} to ${other}: Home Assistant keeps its entities, the broker nothing of the old form`, async (t) => {
    const { url } = await openBroker(t);
    const home = await openFakeHomeAssistant(t, { url });
    const path = `${temporaryFolder(t)}/agent.db`;
    const { agent } = await live(t, url, {
      home_assistant: { discovery },
      state: new AgentState(path, silentLog),
    });
    await shown(home);
    const registry = new Map(home.registry);
    const before = await retainedBelow(t, url, ALL);
    await agent.stop();
    agent.state.close();
    let least = home.registry.size;
    const watched = setInterval(() => {
      least = Math.min(least, home.registry.size);
    }, 5);
    t.teardown(() => clearInterval(watched));
    const state = new AgentState(path, silentLog);
    await live(t, url, { home_assistant: { discovery: other }, state });
    await until('the old form to go', WITHIN, async () =>
      (await retainedBelow(t, url, ALL)).every((topic) => !before.includes(topic)),
    );
    await shown(home);
    t.is(least, registry.size);
    t.deepEqual(new Map([...home.registry].sort()), new Map([...registry].sort()));
    await eventually(t, async (t) => {
      const remembered = state.announcementStore(silentLog).load();
      t.deepEqual(
        remembered.filter(({ topic }) => before.includes(topic)),
        [],
      );
    });
    t.deepEqual(home.problems, []);
  });
}

/** What an exporting meter with gas and water behind it shows besides. */
const EXPORTING = {
  'sensor.main_credit': '2.5',
  'sensor.main_credit_today': '0.35',
  'sensor.main_energy_export': '25',
  'sensor.main_energy_export_today': '3.5',
  'sensor.main_frequency': '49.98',
  'sensor.main_gas': '1234.5',
  'sensor.main_power': '-1500',
  'sensor.main_power_1': '-1800',
  'sensor.main_power_2': '300',
  'sensor.main_power_factor': '-0.98',
  'sensor.main_reactive_power': '-30',
  'sensor.main_register_export': '70',
  'sensor.main_register_import_1': '3000',
  'sensor.main_water': '88',
};

for (const discovery of ['device', 'component'])
  test(`by ${discovery}: what a meter turns out to tell is announced when it does, and what it does not is not`, async (t) => {
    const { url } = await openBroker(t);
    const home = await openFakeHomeAssistant(t, { url });
    const { agent, meter } = await live(t, url, { home_assistant: { discovery } });
    await shown(home);
    const fields = ['power_1', 'power_2', 'export_energy', 'gas', 'water', 'frequency', 'power_factor'];
    await meter.introduce({
      fields: [...meter.profile.fields, ...fields, 'reactive_power', 'register_import_1', 'register_export'],
      power_basis: 'measured',
    });
    const reading = {
      ...{
        power: -1500,
        power_1: -1800,
        power_2: 300,
        export_energy: 25,
        credit: 2.5,
        gas: 1234.5,
        water: 88,
      },
      ...{ frequency: 49.98, power_factor: -0.98, reactive_power: -30 },
      ...{ register_import_1: 3000, register_export: 70, energy: 2.5, cost: 0.5 },
    };
    await meter.read({ ...reading, quality: 'measured' });
    agent.sum('main', reading);
    await eventually(t, async (t) => {
      const found = Object.keys(EXPORTING).map((id) => [id, home.state(id)]);
      t.deepEqual(Object.fromEntries(found), EXPORTING);
      t.is(home.state('sensor.main_apparent_power'), undefined, 'it does not tell that');
    });
    for (const id of ['fixed_cost', 'price_export']) t.is(home.state(`sensor.main_${id}`), undefined);
    // A telegram that lacks some of it makes that unknown, and no error.
    await meter.read({ power: -1 });
    await until('the next one', WITHIN, () => home.state('sensor.main_power') === '-1');
    t.is(home.state('sensor.main_frequency'), 'unknown');
    agent.latest.set('main', { interval: 1.2, fixed_cost: 3.25, export_price: -0.01 } as never);
    agent.sum('main', { ...reading, fixed_cost: 3.25 });
    await until('what time costs', WITHIN, () => home.state('sensor.main_fixed_cost') === '3.25');
    await meter.read({ export_price: -0.01 });
    await until('what a kWh earns', WITHIN, () => home.state('sensor.main_price_export') === '-0.01');
    t.deepEqual(home.problems, []);
  });

test('another prefix, then none at all: nothing is left of what was before', async (t) => {
  const { url } = await openBroker(t);
  const state = new AgentState(':memory:', silentLog);
  const first = await live(t, url, { state });
  await until('the announcement', WITHIN, async () => (await retainedBelow(t, url, ALL)).length === 2);
  await first.agent.stop();
  const home_assistant = { prefix: 'house/ha' };
  const second = await live(t, url, { state, home_assistant });
  await until('the move', WITHIN, async () => (await retainedBelow(t, url, ALL)).length === 0);
  const home = await openFakeHomeAssistant(t, { url, prefix: 'house/ha' });
  await until('it', WITHIN, () => home.state('sensor.main_power') === '360');
  t.deepEqual(home.problems, []);
  await second.agent.stop();
  await live(t, url, { state, home_assistant: { ...home_assistant, discovery: 'off' } });
  await until('all to go', WITHIN, () => home.state('sensor.main_power') === undefined);
  await eventually(t, async (trial) => {
    trial.deepEqual(await retainedBelow(t, url, 'house/ha/#'), []);
    trial.deepEqual([...home.registry], []);
  });
});

test('live values expire when no reading comes, and are announced anew when their cadence is another', async (t) => {
  const { url } = await openBroker(t);
  const home = await openFakeHomeAssistant(t, { url });
  const { agent } = await live(t, url);
  const expiry = (id: string) => {
    const { options } = home.entity(id);
    return 'expire_after' in options ? options.expire_after : undefined;
  };
  await until('it', WITHIN, () => home.state('sensor.main_power') === '360');
  t.is(expiry('sensor.main_power'), 3600);
  agent.latest.set('main', { interval: 1.2 } as never);
  await until('its cadence', WITHIN, () => expiry('sensor.main_power') === 30);
  await eventually(t, async (t) =>
    t.deepEqual(
      ['current_1', 'price', 'tariff', 'energy', 'cost'].map((id) => expiry(`sensor.main_${id}`)),
      [30, 30, 30, undefined, undefined],
    ),
  );
  const entity = home.entity('sensor.main_power');
  await until('its state', WITHIN, () => home.state('sensor.main_power') === '360');
  entity.expiresAt = Date.now();
  t.is(home.state('sensor.main_power'), 'unavailable');
});

test('a restart of the agent announces what it remembers, and sends to the broker what that has forgotten', async (t) => {
  const first = await openBroker(t);
  const { agent } = await live(t, first.url);
  await until('the announcement', WITHIN, async () => (await retainedBelow(t, first.url, ALL)).length === 2);
  await agent.stop();
  await first.close();
  const second = await openBroker(t);
  startAgent(t, { url: second.url }, { state: agent.state });
  await until('the announcement', WITHIN, async () => (await retainedBelow(t, second.url, ALL)).length === 2);
  t.pass();
});

test('a broker that refuses all of it keeps nobody from his work', async (t) => {
  const { url } = await openBroker(t);
  const agent = startAgent(t, { url });
  const stop = new AbortController();
  const asked: string[] = [];
  const refuse = async (topic: string) => {
    asked.push(topic);
    throw new Error('not authorised');
  };
  const running = agent.announcer.run({
    signal: stop.signal,
    publish: refuse,
    subscribe: ([topic = '']) => refuse(topic),
    unsubscribe: async () => {},
  });
  await until('its tries', WITHIN, () => asked.length > 1);
  stop.abort();
  await t.notThrowsAsync(running);
});

test('the password of a reader suffices', async (t) => {
  const users = await Promise.all(
    (['agent', 'meter', 'reader'] as const).map(async (role) => ({
      ...{ name: role, role, password_hash: await hashPassword(`secret of ${role}`) },
    })),
  );
  const broker = await startBroker(settingsSchema.parse({ broker: { port: 0, users } }).broker, {
    log: silentLog,
  });
  t.teardown(() => broker.close());
  const url = `mqtt://127.0.0.1:${broker.mqtt.port}`;
  const as = (username: string) => ({ url, username, password: `secret of ${username}` });
  const home = await openFakeHomeAssistant(t, as('reader'));
  const agent = startAgent(t, as('agent'));
  agent.sum('main', { energy: 2.5 });
  const meter = await startMeter(t, as('meter'), 'main');
  await meter.read();
  await until('it', WITHIN, () => home.state('sensor.main_power') === '360');
  await until('its total', WITHIN, () => home.state('sensor.main_energy') === '2.5');
  t.deepEqual(home.problems, []);
});
