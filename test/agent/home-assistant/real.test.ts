import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { connectAsync } from 'mqtt';
import { decodeReading, meterTopics, type Profile, type Reading } from '../../../shared/wire.ts';
import {
  homeAssistantTest,
  isInstalled,
  makeHomeAssistant,
  type State,
} from '../../support/home-assistant/real.ts';
import { testReading } from '../../support/readings.ts';
import { eventually, freePort, temporaryFolder, until } from '../../support/system.ts';

/** ms; what takes seconds takes minutes where many tests run, and whoever lost a broker looks for it ever more rarely. */
const ENOUGH = 180_000;
/** Virtual environments of Python with a Home Assistant from before and after its device discovery. */
const OLD = process.env.HOME_ASSISTANT_VENV ?? '/opt/wattdog-home-assistant';
const NEW = process.env.NEWER_HOME_ASSISTANT_VENV ?? '/opt/wattdog-home-assistant-newer';

type Form = 'device' | 'component';

/** Everything of ours on one machine, as `npm start` runs it, with a simulated panel; and a Home Assistant, not started. */
async function openHouse(t: ExecutionContext, venv: string, first: Form) {
  t.timeout(5 * ENOUGH);
  const folder = temporaryFolder(t);
  const port = await freePort();
  let child: ChildProcess | undefined;
  const stop = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  };
  t.teardown(stop);
  /** Starts it, or starts it anew. @param meter its name. */
  const start = async (meter: string, form: Form) => {
    await stop();
    child = spawn(
      process.execPath,
      [
        ...['cli/main.ts', 'up', '--data', join(folder, 'data'), '--meter.name', meter],
        ...['--broker.port', String(port), '--broker.credentials', join(folder, 'credentials')],
        ...['--agent.http.port', '0', '--agent.home_assistant.discovery', form],
      ],
      { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DOCKER_HOST: 'unix:///nowhere' } },
    );
  };
  await start('main', first);
  const account = async (username: string) => ({
    username,
    password: await until(`the password of the ${username}`, ENOUGH, () =>
      readFileSync(join(folder, 'credentials', username), 'utf8').trim(),
    ),
  });
  const reader = await account('reader');
  const url = `mqtt://127.0.0.1:${port}`;
  const subscribe = async (topic: string, onMessage: (topic: string, payload: Buffer) => void) => {
    const client = await until('the broker', ENOUGH, () =>
      connectAsync(url, { ...reader, protocolVersion: 5, reconnectPeriod: 0 }, false),
    );
    t.teardown(() => client.endAsync(true));
    client.on('message', onMessage);
    await client.subscribeAsync(topic, { qos: 0 });
  };
  const joinAsMeter = async () => joinAs(t, url, await account('meter'));
  return { start, subscribe, joinAsMeter, home: await makeHomeAssistant(t, venv, { port, ...reader }) };
}

const TOLD = [
  ...['power_1', 'power_2', 'export_energy', 'frequency', 'power_factor', 'reactive_power', 'gas', 'water'],
  ...['register_import', 'register_import_1', 'register_export'],
];

/** A meter on a roof, which feeds out, with gas and water behind it; of somebody else, so that it outlives ours. */
async function joinAs(t: ExecutionContext, url: string, account: object): Promise<void> {
  const client = await until('the broker', ENOUGH, () =>
    connectAsync(url, { ...account, protocolVersion: 5, reconnectPeriod: 500 }),
  );
  const topics = meterTopics('solar');
  const profile: Profile = {
    ...{ version: '0.2.0', installation: 'roof', meters: ['solar'], port: '/dev/ttyUSB0', decoder: 'dsmr' },
    ...{ simulated: false, fields: TOLD, power_basis: 'measured', currency: 'EUR', tariff: 'flat' },
    periods: [{ name: 'always', price: 0.3 }],
  };
  let seq = 0;
  const post = (topic: string, payload: string) =>
    client.publish(topic, payload, { qos: 1, retain: true }, () => {});
  const introduce = () => {
    post(topics.profile, JSON.stringify(profile));
    post(topics.availability, 'online');
  };
  const read = () => {
    if (!client.connected) return;
    seq += 1;
    const { current_1, current_2, voltage_1, voltage_2, apparent_power, ...reading } = testReading(seq, {
      ...{ time: new Date().toISOString(), epoch: 'roof', interval: 1, tariff: 'always' },
      ...{ power: -1500.5, power_1: -1800, power_2: 299.5, power_basis: 'measured' },
      ...{ energy: 5, interval_energy: 0, cost: 1.5, interval_cost: 0, price: 0.3, export_price: 0.08 },
      ...{ export_energy: 70 + seq / 1000, interval_export_energy: 0.001, credit: 7 + seq / 10_000 },
      ...{ interval_credit: 0.0001, fixed_cost: 3.5, frequency: 49.98, power_factor: -0.98 },
      ...{ reactive_power: -30, gas: 1234.567, water: 88.125 },
      ...{ register_import: 5000, register_import_1: 3000, register_export: 900 },
    });
    post(topics.reading, JSON.stringify(reading));
  };
  client.on('connect', introduce);
  introduce();
  const timer = setInterval(read, 1000);
  t.teardown(async () => {
    clearInterval(timer);
    await client.endAsync(true);
  });
}

homeAssistantTest(OLD)('Home Assistant 2024.3 shows all, and its energy dashboard takes it', (t) =>
  showsAll(t, OLD, 'component'),
);

// A newer one wants a newer Python than Debian has.
if (isInstalled(NEW)) {
  homeAssistantTest(NEW)('a newer Home Assistant shows all, and its energy dashboard takes it', (t) =>
    showsAll(t, NEW, 'device'),
  );

  homeAssistantTest(NEW)(
    'a newer Home Assistant keeps its entities when they are announced in another form',
    async (t) => {
      const { start, subscribe, home } = await openHouse(t, NEW, 'component');
      const registered = async () => {
        const list = await home.ask<{ id: string; unique_id: string }[]>('config/entity_registry/list');
        return list
          .filter(({ unique_id }) => unique_id.startsWith('wattdog'))
          .map(({ id, unique_id }) => `${unique_id} ${id}`)
          .sort();
      };
      await home.start('5');
      await until('all entities', ENOUGH, async () => isShown(await home.states(), 'main'));
      const before = await registered();
      t.is(before.length, 18);
      for (const form of ['device', 'component'] as const) {
        await start('main', form);
        const ended = Promise.withResolvers<void>();
        const old = form === 'device' ? 'sensor/wattdog-main/power' : 'device/wattdog-main';
        await subscribe(`homeassistant/${old}/config`, (_topic, payload) => {
          if (payload.length === 0) ended.resolve();
        });
        await ended.promise;
        await until('all entities', ENOUGH, async () => isShown(await home.states(), 'main'));
        t.deepEqual(await registered(), before);
      }
      t.deepEqual(complaints(home.log()), []);
    },
  );
}

async function showsAll(t: ExecutionContext, venv: string, form: Form): Promise<void> {
  const { start, subscribe, joinAsMeter, home } = await openHouse(t, venv, form);
  await joinAsMeter();
  const readings: Reading[] = [];
  await subscribe('wattdog/main/reading', (_topic, payload) => readings.push(decodeReading(payload)));
  await home.start('3.1.1');
  await until('all entities', ENOUGH, async () => isShown(await home.states(), 'main'));
  // They are announced, and told, one after another.
  await comes(t, async (t) => checkClasses(t, ofMeter(await home.states(), 'main')));
  await comes(t, async (t) => checkExporter(t, ofMeter(await home.states(), 'solar')));
  await until('values that were sent', ENOUGH, async () => {
    const wrong = wrongValues(ofMeter(await home.states(), 'main'), readings);
    if (wrong.length > 0) throw new Error(wrong.join(', '));
    return true;
  });

  await home.ask('call_service', {
    ...{ domain: 'button', service: 'press', target: { entity_id: 'button.main_restart' } },
  });
  await until('the incident to be told, and to be over', ENOUGH, async () => {
    const stall = (await home.states()).get('event.main_stall');
    return stall?.attributes.event_type === 'recovered';
  });

  await start('house', form);
  await until('the new name', ENOUGH, async () => isShown(await home.states(), 'house'));
  await until('the old one to be forgotten', ENOUGH, async () => {
    const registered = await home.ask<{ unique_id: string }[]>('config/entity_registry/list');
    return !registered.some(({ unique_id }) => unique_id.startsWith('wattdog-main'));
  });
  await comes(t, async (t) => {
    const devices = await home.ask<{ name: string; manufacturer: string }[]>('config/device_registry/list');
    const own = devices.filter(({ manufacturer }) => manufacturer === 'wattdog');
    t.deepEqual(own.map(({ name }) => name).sort(), ['House', 'Solar', 'Wattdog']);
  });
  t.deepEqual(complaints(home.log()), []);

  await home.stop();
  home.ageRecords();
  await home.start('5');
  await until('all entities again', ENOUGH, async () => isShown(await home.states(), 'house'));
  await checkEnergyDashboard(t, home);
  t.deepEqual(complaints(home.log()), []);
}

/** Its entities by the last part of their ids. */
function ofMeter(states: Map<string, State>, meter: string): Map<string, State> {
  const own = [...states].filter(([id]) => id.split('.')[1]?.startsWith(`${meter}_`));
  return new Map(own.map(([id, state]) => [id.slice(id.indexOf('.') + meter.length + 2), state]));
}

/** Whether there is something from each of the topics. */
function isShown(states: Map<string, State>, meter: string): boolean {
  const entities = ofMeter(states, meter);
  return ['power', 'energy', 'cost', 'problem', 'connectivity'].every((id) => isKnown(entities, id));
}

function isKnown(entities: Map<string, State>, id: string): boolean {
  const state = entities.get(id)?.state;
  return state !== undefined && state !== 'unknown' && state !== 'unavailable';
}

/** Of each entity its class, that of its statistics, and its unit. */
function classesOf(entities: Map<string, State>): Record<string, string> {
  return Object.fromEntries(
    [...entities].map(([id, { attributes: a }]) => [
      id,
      [a.device_class, a.state_class, a.unit_of_measurement]
        .map((value) => value ?? '')
        .join(' ')
        .trim(),
    ]),
  );
}

function checkExporter(t: ExecutionContext, entities: Map<string, State>): void {
  const expected = {
    connectivity: ['connectivity', 'on'],
    cost: ['monetary total EUR', '1.5'],
    cost_today: ['monetary total EUR', '0'],
    credit: ['monetary total EUR', undefined],
    credit_today: ['monetary total EUR', undefined],
    energy: ['energy total_increasing kWh', '5'],
    energy_export: ['energy total_increasing kWh', undefined],
    energy_export_today: ['energy total kWh', undefined],
    energy_today: ['energy total kWh', '0'],
    fixed_cost: ['monetary total EUR', '3.5'],
    frequency: ['frequency measurement Hz', '49.98'],
    gas: ['gas total_increasing m³', '1234.567'],
    power: ['power measurement W', '-1500.5'],
    power_factor: ['power_factor measurement', '-0.98'],
    power_phase_1: ['power measurement W', '-1800'],
    power_phase_2: ['power measurement W', '299.5'],
    price: ['measurement EUR/kWh', '0.3'],
    price_export: ['measurement EUR/kWh', '0.08'],
    quality: ['enum', 'measured'],
    reactive_power: ['reactive_power measurement var', '-30'],
    register_export: ['energy total_increasing kWh', '900'],
    register_import: ['energy total_increasing kWh', '5000'],
    register_import_rate_1: ['energy total_increasing kWh', '3000'],
    tariff_period: ['enum', 'always'],
    water: ['water total_increasing m³', '88.125'],
  };
  const of = (index: 0 | 1) =>
    Object.fromEntries(Object.entries(expected).map(([id, { [index]: value }]) => [id, value]));
  t.deepEqual(classesOf(entities), of(0));
  const wrong = Object.entries(of(1)).filter(
    ([id, value]) => value !== undefined && entities.get(id)?.state !== value,
  );
  t.deepEqual(
    wrong.map(([id]) => [id, entities.get(id)?.state]),
    [],
  );
  t.true(Number(entities.get('energy_export')?.state) > 70);
  t.true(Number(entities.get('credit_today')?.state) > 0);
}

function checkClasses(t: ExecutionContext, entities: Map<string, State>): void {
  t.deepEqual(classesOf(entities), {
    apparent_power: 'apparent_power measurement VA',
    connectivity: 'connectivity',
    cost: 'monetary total USD',
    cost_today: 'monetary total USD',
    current_phase_1: 'current measurement A',
    current_phase_2: 'current measurement A',
    energy: 'energy total_increasing kWh',
    energy_today: 'energy total kWh',
    power: 'power measurement W',
    price: 'measurement USD/kWh',
    problem: 'problem',
    quality: 'enum',
    restart: 'restart',
    stall: '',
    tariff_period: 'enum',
    voltage_phase_1: 'voltage measurement V',
    voltage_phase_2: 'voltage measurement V',
  });
  t.like(entities.get('power')?.attributes, { basis: 'apparent', simulated: true });
}

/** Entities whose state was in no reading. */
function wrongValues(entities: Map<string, State>, readings: readonly Reading[]): string[] {
  const fields: [id: string, field: keyof Reading][] = [
    ['power', 'power'],
    ['apparent_power', 'apparent_power'],
    ['current_phase_1', 'current_1'],
    ['voltage_phase_2', 'voltage_2'],
    ['price', 'price'],
    ['tariff_period', 'tariff'],
    ['quality', 'quality'],
    ['energy', 'energy'],
    ['cost', 'cost'],
  ];
  const state = (id: string) => entities.get(id)?.state;
  const isSame = (one: unknown, other: unknown) => one === other || Number(one) === Number(other);
  const wrong = fields
    .filter(([id, field]) => !readings.some((reading) => isSame(reading[field], state(id))))
    .map(([id]) => `${id} is ${state(id)}`);
  if (state('connectivity') !== 'on') wrong.push('it is not connected');
  if (state('problem') !== 'off') wrong.push('it has a problem');
  return wrong;
}

async function checkEnergyDashboard(
  t: ExecutionContext,
  home: Awaited<ReturnType<typeof makeHomeAssistant>>,
): Promise<void> {
  const fedOut = (compensation: object) => ({
    stat_energy_to: 'sensor.solar_energy_export',
    number_energy_price: null,
    stat_compensation: null,
    entity_energy_price: null,
    ...compensation,
  });
  const volume = (type: string) => ({
    ...{ type, stat_energy_from: `sensor.solar_${type}`, stat_cost: null },
    ...{ entity_energy_price: null, number_energy_price: null },
  });
  const source = (cost: object, compensation: object) => ({
    ...{ type: 'grid', flow_to: [fedOut(compensation)], cost_adjustment_day: 0 },
    flow_from: [
      {
        stat_energy_from: 'sensor.house_energy',
        number_energy_price: null,
        stat_cost: null,
        entity_energy_price: null,
        ...cost,
      },
    ],
  });
  const faultless = { energy_sources: [[], [], []], device_consumption: [] };
  for (const [cost, compensation] of [
    [{ stat_cost: 'sensor.house_cost' }, { stat_compensation: 'sensor.solar_credit' }],
    [{ entity_energy_price: 'sensor.house_price' }, { entity_energy_price: 'sensor.solar_price_export' }],
  ] as const) {
    const energy_sources = [source(cost, compensation), volume('gas'), volume('water')];
    await home.ask('energy/save_prefs', { energy_sources });
    // It makes its statistics in its own time.
    await comes(t, async (t) => t.deepEqual(await home.ask<object>('energy/validate'), faultless));
  }
  await comes(t, async (t) => {
    const statistics = await home.ask<Statistic[]>('recorder/list_statistic_ids');
    const kind = (id: string) => statistics.find(({ statistic_id }) => statistic_id === id);
    t.like(kind('sensor.house_energy'), { statistics_unit_of_measurement: 'kWh', has_sum: true });
    t.like(kind('sensor.house_cost'), { statistics_unit_of_measurement: 'USD', has_sum: true });
    t.like(kind('sensor.solar_energy_export'), { statistics_unit_of_measurement: 'kWh', has_sum: true });
    t.like(kind('sensor.solar_credit'), { statistics_unit_of_measurement: 'EUR', has_sum: true });
    t.like(kind('sensor.solar_gas'), { statistics_unit_of_measurement: 'm³', has_sum: true });
    t.like(kind('sensor.house_power'), { statistics_unit_of_measurement: 'W', has_sum: false });
  });
}

const comes = (t: ExecutionContext, assertions: Parameters<typeof eventually>[1]) =>
  eventually(t, assertions, ENOUGH);

interface Statistic {
  statistic_id: string;
  statistics_unit_of_measurement: string;
  has_sum: boolean;
}

/**
 * What its log holds against us; that we ended for a while was the test's doing, a migration ends with a warning,
 * and a machine may be slow.
 */
function complaints(log: string): string[] {
  const ours =
    /\[homeassistant\.(components\.(mqtt|sensor|binary_sensor|button|event|recorder|energy)|helpers)\b/;
  return log
    .split('\n')
    .filter((line) => /\b(WARNING|ERROR)\b/.test(line) && ours.test(line))
    .filter((line) => !/Disconnected from MQTT|The connection was lost|No ACK from MQTT/.test(line))
    .filter((line) => !/No device components to cleanup|is taking (over|longer)/.test(line));
}
