import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ExecutionContext } from 'ava';
import { connectAsync } from 'mqtt';
import { decodeReading, type Reading } from '../../../shared/wire.ts';
import {
  homeAssistantTest,
  isInstalled,
  makeHomeAssistant,
  type State,
} from '../../support/home-assistant/real.ts';
import { freePort, temporaryFolder, until } from '../../support/system.ts';

const MINUTE = 60_000;
/** Virtual environments of Python with a Home Assistant from before and after its device discovery. */
const OLD = process.env.HOME_ASSISTANT_VENV ?? '/opt/wattdog-home-assistant';
const NEW = process.env.NEWER_HOME_ASSISTANT_VENV ?? '/opt/wattdog-home-assistant-newer';

type Form = 'device' | 'component';

/** Everything of ours on one machine, as `npm start` runs it, with a simulated panel; and a Home Assistant, not started. */
async function openHouse(t: ExecutionContext, venv: string, first: Form) {
  t.timeout(3 * MINUTE);
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
  const password = await until('the password of the reader', MINUTE, () =>
    readFileSync(join(folder, 'credentials', 'reader'), 'utf8').trim(),
  );
  const reader = { username: 'reader', password };
  const subscribe = async (topic: string, onMessage: (topic: string, payload: Buffer) => void) => {
    const client = await until('the broker', MINUTE, () =>
      connectAsync(`mqtt://127.0.0.1:${port}`, { ...reader, protocolVersion: 5, reconnectPeriod: 0 }, false),
    );
    t.teardown(() => client.endAsync(true));
    client.on('message', onMessage);
    await client.subscribeAsync(topic, { qos: 0 });
  };
  return { start, subscribe, home: await makeHomeAssistant(t, venv, { port, ...reader }) };
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
      await until('all entities', MINUTE, async () => isShown(await home.states(), 'main'));
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
        await until('all entities', MINUTE, async () => isShown(await home.states(), 'main'));
        t.deepEqual(await registered(), before);
      }
      t.deepEqual(complaints(home.log()), []);
    },
  );
}

async function showsAll(t: ExecutionContext, venv: string, form: Form): Promise<void> {
  const { start, subscribe, home } = await openHouse(t, venv, form);
  const readings: Reading[] = [];
  await subscribe('wattdog/main/reading', (_topic, payload) => readings.push(decodeReading(payload)));
  await home.start('3.1.1');
  await until('all entities', MINUTE, async () => isShown(await home.states(), 'main'));
  checkClasses(t, ofMeter(await home.states(), 'main'));
  await until('values that were sent', MINUTE, async () => {
    const wrong = wrongValues(ofMeter(await home.states(), 'main'), readings);
    if (wrong.length > 0) throw new Error(wrong.join(', '));
    return true;
  });

  await home.ask('call_service', {
    ...{ domain: 'button', service: 'press', target: { entity_id: 'button.main_restart' } },
  });
  await until('the incident to be told, and to be over', MINUTE, async () => {
    const stall = (await home.states()).get('event.main_stall');
    return stall?.attributes.event_type === 'recovered';
  });

  await start('house', form);
  await until('the new name', MINUTE, async () => isShown(await home.states(), 'house'));
  await until('the old one to be forgotten', MINUTE, async () => {
    const registered = await home.ask<{ unique_id: string }[]>('config/entity_registry/list');
    return !registered.some(({ unique_id }) => unique_id.startsWith('wattdog-main'));
  });
  const devices = await home.ask<{ name: string; manufacturer: string }[]>('config/device_registry/list');
  const own = devices.filter(({ manufacturer }) => manufacturer === 'wattdog');
  t.deepEqual(own.map(({ name }) => name).sort(), ['House', 'Wattdog']);
  t.deepEqual(complaints(home.log()), []);

  await home.stop();
  home.ageRecords();
  await home.start('5');
  await until('all entities again', MINUTE, async () => isShown(await home.states(), 'house'));
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

function checkClasses(t: ExecutionContext, entities: Map<string, State>): void {
  const classes = [...entities].map(([id, { attributes: a }]) => [
    id,
    a.device_class,
    a.state_class,
    a.unit_of_measurement,
  ]);
  t.deepEqual(
    Object.fromEntries(
      classes.map(([id, ...rest]) => [
        id,
        rest
          .map((value) => value ?? '')
          .join(' ')
          .trim(),
      ]),
    ),
    {
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
    },
  );
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
  const source = (cost: object) => ({
    ...{ type: 'grid', flow_to: [], cost_adjustment_day: 0 },
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
  for (const cost of [{ stat_cost: 'sensor.house_cost' }, { entity_energy_price: 'sensor.house_price' }]) {
    await home.ask('energy/save_prefs', { energy_sources: [source(cost)] });
    let verdict: unknown;
    // It makes its statistics in its own time.
    await until('the energy dashboard to find no fault', MINUTE, async () => {
      verdict = await home.ask('energy/validate');
      return isDeepStrictEqual(verdict, { energy_sources: [[]], device_consumption: [] });
    }).catch(() => t.deepEqual(verdict, { energy_sources: [[]], device_consumption: [] }));
  }
  const statistics = await home.ask<Statistic[]>('recorder/list_statistic_ids');
  const kind = (id: string) => statistics.find(({ statistic_id }) => statistic_id === id);
  t.like(kind('sensor.house_energy'), { statistics_unit_of_measurement: 'kWh', has_sum: true });
  t.like(kind('sensor.house_cost'), { statistics_unit_of_measurement: 'USD', has_sum: true });
  t.like(kind('sensor.house_power'), { statistics_unit_of_measurement: 'W', has_sum: false });
}

interface Statistic {
  statistic_id: string;
  statistics_unit_of_measurement: string;
  has_sum: boolean;
}

/** What its log holds against us; that we ended for a while was the test's doing, and a migration ends with a warning. */
function complaints(log: string): string[] {
  const ours =
    /\[homeassistant\.(components\.(mqtt|sensor|binary_sensor|button|event|recorder|energy)|helpers)\b/;
  return log
    .split('\n')
    .filter((line) => /\b(WARNING|ERROR)\b/.test(line) && ours.test(line))
    .filter(
      (line) => !/Disconnected from MQTT|The connection was lost|No device components to cleanup/.test(line),
    );
}
