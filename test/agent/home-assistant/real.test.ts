import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { connectAsync } from 'mqtt';
import { decodeReading, type Reading } from '../../../shared/wire.ts';
import { fakeClock } from '../../support/faketime.ts';
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
async function openHouse(t: ExecutionContext, venv: string) {
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
  await start('main', 'component');
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
      const { start, subscribe, home } = await openHouse(t, NEW);
      const registered = async () => {
        const list = await home.ask<{ id: string; unique_id: string }[]>('config/entity_registry/list');
        return list
          .filter(({ unique_id }) => unique_id.startsWith('wattdog'))
          .map(({ id, unique_id }) => `${unique_id} ${id}`)
          .sort();
      };
      const isShown = async () => {
        const found = ofMeter(await home.states(), 'main');
        return isKnown(found, 'power') && isKnown(found, 'energy') && isKnown(found, 'problem');
      };
      await home.start('5');
      await until('all entities', MINUTE, isShown);
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
        await until('all entities', MINUTE, isShown);
        t.deepEqual(await registered(), before);
      }
      t.deepEqual(complaints(home.log()), []);
    },
  );
}

async function showsAll(t: ExecutionContext, venv: string, form: Form): Promise<void> {
  const { start, subscribe, home } = await openHouse(t, venv);
  if (form !== 'component') await start('main', form);
  const readings: Reading[] = [];
  await subscribe('wattdog/main/reading', (_topic, payload) => readings.push(decodeReading(payload)));
  await home.start('3.1.1');
  const entities = await until('all entities', MINUTE, async () => {
    const found = ofMeter(await home.states(), 'main');
    return isKnown(found, 'energy') && isKnown(found, 'power') && isKnown(found, 'problem')
      ? found
      : undefined;
  });
  checkEntities(t, entities, readings);

  await home.ask('call_service', {
    ...{ domain: 'button', service: 'press', target: { entity_id: 'button.main_restart' } },
  });
  await until('the incident to be told, and to be over', MINUTE, async () => {
    const stall = (await home.states()).get('event.main_stall');
    return stall?.attributes.event_type === 'recovered';
  });

  await start('house', form);
  await until('the new name', MINUTE, async () => isKnown(ofMeter(await home.states(), 'house'), 'power'));
  await until('the old one to be forgotten', MINUTE, async () => {
    const registered = await home.ask<{ unique_id: string }[]>('config/entity_registry/list');
    return !registered.some(({ unique_id }) => unique_id.startsWith('wattdog-main'));
  });
  const devices = await home.ask<{ name: string; manufacturer: string }[]>('config/device_registry/list');
  const own = devices.filter(({ manufacturer }) => manufacturer === 'wattdog');
  t.deepEqual(own.map(({ name }) => name).sort(), ['House', 'Wattdog']);
  t.deepEqual(complaints(home.log()), []);

  // When five minutes are over, it makes statistics of what it has recorded.
  await home.stop();
  const clock = fakeClock(t);
  clock?.set(6 * MINUTE);
  await home.start('5', clock);
  await until('all entities again', MINUTE, async () => {
    const found = ofMeter(await home.states(), 'house');
    return isKnown(found, 'energy') && isKnown(found, 'power') && isKnown(found, 'problem');
  });
  await checkEnergyDashboard(t, home);
  t.deepEqual(complaints(home.log()), []);
}

/** Its entities by the last part of their ids. */
function ofMeter(states: Map<string, State>, meter: string): Map<string, State> {
  const own = [...states].filter(([id]) => id.split('.')[1]?.startsWith(`${meter}_`));
  return new Map(own.map(([id, state]) => [id.slice(id.indexOf('.') + meter.length + 2), state]));
}

function isKnown(entities: Map<string, State>, id: string): boolean {
  const state = entities.get(id)?.state;
  return state !== undefined && state !== 'unknown' && state !== 'unavailable';
}

function checkEntities(
  t: ExecutionContext,
  entities: Map<string, State>,
  readings: readonly Reading[],
): void {
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
  const one = (id: string, field: keyof Reading) =>
    t.true(
      readings.some((reading) => String(reading[field]) === entities.get(id)?.state),
      id,
    );
  one('power', 'power');
  one('current_phase_1', 'current_1');
  one('voltage_phase_2', 'voltage_2');
  one('price', 'price');
  one('tariff_period', 'tariff');
  one('energy', 'energy');
  one('cost', 'cost');
  t.like(entities.get('power')?.attributes, { basis: 'apparent', simulated: true });
  t.is(entities.get('quality')?.state, 'simulated');
  t.is(entities.get('connectivity')?.state, 'on');
  t.is(entities.get('problem')?.state, 'off');
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
  const statistics = await until('its statistics', MINUTE, async () => {
    const found = await home.ask<
      { statistic_id: string; statistics_unit_of_measurement: string; has_sum: boolean }[]
    >('recorder/list_statistic_ids');
    return found.some(({ statistic_id }) => statistic_id === 'sensor.house_energy') ? found : undefined;
  });
  const kind = (id: string) => statistics.find(({ statistic_id }) => statistic_id === id);
  t.like(kind('sensor.house_energy'), { statistics_unit_of_measurement: 'kWh', has_sum: true });
  t.like(kind('sensor.house_cost'), { statistics_unit_of_measurement: 'USD', has_sum: true });
  t.like(kind('sensor.house_power'), { statistics_unit_of_measurement: 'W', has_sum: false });
  for (const cost of [{ stat_cost: 'sensor.house_cost' }, { entity_energy_price: 'sensor.house_price' }]) {
    await home.ask('energy/save_prefs', { energy_sources: [source(cost)] });
    t.deepEqual(await home.ask('energy/validate'), { energy_sources: [[]], device_consumption: [] });
  }
}

/** What its log holds against us; that we ended for a while was the test's doing. */
function complaints(log: string): string[] {
  const ours =
    /\[homeassistant\.(components\.(mqtt|sensor|binary_sensor|button|event|recorder|energy)|helpers)\b/;
  return log
    .split('\n')
    .filter((line) => /\b(WARNING|ERROR)\b/.test(line) && ours.test(line))
    .filter((line) => !/Disconnected from MQTT|The connection was lost/.test(line));
}
