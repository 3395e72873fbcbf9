/** Several meters in one process, from their serial lines to MQTT. */
import { execFileSync } from 'node:child_process';
import type { ExecutionContext } from 'ava';
import { crc16Arc } from '../../meter/decoders/crc.ts';
import type { Diagnostics } from '../../meter/diagnostics.ts';
import { runMeter } from '../../meter/main.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { systemTime, type Time } from '../../shared/time.ts';
import { decodeProfile, decodeReading, meterTopics } from '../../shared/wire.ts';
import { testBroker, testClient } from '../broker/support.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { realTest } from '../support/real.ts';
import { silentLog, temporaryFolder, until } from '../support/system.ts';
import { pzemAnswer } from './talk/support.ts';

const test = realTest('socat');
/** Long enough for any machine. */
const ENOUGH = 30_000;
/** Diagnostics come often; what waits for a device does not hurry. */
const restless: Time = {
  ...systemTime,
  sleep: (ms, signal) => systemTime.sleep(ms > 5000 ? 100 : ms, signal),
};

/** Meters, a broker, and a subscriber to all that they say. */
async function startMeters(t: ExecutionContext, settings: { meter?: object; meters: object[] }) {
  const broker = await testBroker(t);
  const agent = await testClient(t, broker, { protocolVersion: 5 });
  await agent.subscribeAsync('wattdog/#', { qos: 1 });
  const data = temporaryFolder(t);
  const url = `mqtt://127.0.0.1:${broker.mqtt.port}`;
  const given = settingsSchema.parse({ data, mqtt: { url }, ...settings });
  const stop = new AbortController();
  const running = runMeter(given, { time: restless, log: silentLog }, stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
  });
  const on = (topic: string) => agent.received.filter((message) => message.topic === topic);
  const last = (topic: string) => on(topic).at(-1)?.payload;
  const of = (name: string) => ({
    readings: () => on(meterTopics(name).reading).map(({ payload }) => decodeReading(Buffer.from(payload))),
    profile: () => decodeProfile(Buffer.from(last(meterTopics(name).profile) ?? '')),
    diagnostics: () => JSON.parse(last(meterTopics(name).diagnostics) ?? '{}') as Diagnostics,
  });
  for (const { name } of given.meters)
    await until(`${name} to be online`, ENOUGH, () => last(meterTopics(name).availability) === 'online');
  return of;
}

/** Sends again and again, until something is so. */
async function sending(pty: Pty, bytes: () => string | Uint8Array, what: string, met: () => boolean) {
  await until(what, ENOUGH, () => {
    pty.write(bytes());
    return met();
  });
}

/** Modules on a bus that answer what they are asked, each with its address as hundreds of watts. */
function answer(pty: Pty, ...addresses: number[]): void {
  pty.onWritten((bytes) => {
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      const address = bytes[at] ?? 0;
      if (addresses.includes(address)) pty.write(pzemAnswer(address, { watts: 100 * address }));
    }
  });
}

test('modules of one bus are meters of their own; one that is missing disturbs nobody', async (t) => {
  const pty = await openPty(t);
  answer(pty, 1, 3);
  const of = await startMeters(t, {
    meter: { port: pty.path, decoder: 'pzem', poll: '200ms', settle: '0s' },
    meters: [
      { name: 'one', address: 1 },
      { name: 'two', address: 2 },
      { name: 'three', address: 3 },
    ],
  });
  const [one, two, three] = ['one', 'two', 'three'].map(of);
  await until(
    'readings',
    ENOUGH,
    () => (one?.readings().length ?? 0) > 5 && (three?.readings().length ?? 0) > 5,
  );
  t.true(one?.readings().every(({ power }) => power === 100));
  t.true(three?.readings().every(({ power }) => power === 300));
  t.is(two?.readings().length, 0);
  t.deepEqual(one?.profile().meters, ['one', 'two', 'three']);
  await until('what is said of them', ENOUGH, () => (three?.diagnostics().samples ?? 0) > 0);
  t.is(two?.diagnostics().port_state, 'open');
  t.like(two?.diagnostics(), { samples: 0, bytes: 0 });
});

test('channels of one device are meters of their own, beside the whole', async (t) => {
  const pty = await openPty(t);
  let seq = 0;
  const line = () => {
    seq += 1;
    const body = `10 4 ;1,7,${seq},${seq * 1000},10000,4000,${seq * 10},${seq * 4}`;
    return `${body}*${crc16Arc(Buffer.from(body)).toString(16).toUpperCase().padStart(4, '0')}\n`;
  };
  const of = await startMeters(t, {
    meter: { port: pty.path, decoder: 'panel', phases: [{ voltage: 100 }, { voltage: 200 }] },
    meters: [{ name: 'all' }, { name: 'first', channels: [1] }, { name: 'second', channels: [2] }],
  });
  const names = ['all', 'first', 'second'];
  await sending(pty, line, 'readings of all three', () =>
    names.every((name) => of(name).readings().length > 3),
  );
  const newest = names.map((name) => of(name).readings().at(-1));
  t.deepEqual(
    newest.map((reading) => reading?.power),
    [1800, 1000, 800],
  );
  t.like(newest[2], { current_1: 4, voltage_1: 200, quality: 'counted' });
  t.is(newest[2]?.current_2, undefined);
  const [all, ...parts] = names.map((name) => of(name).readings().slice(0, 4).at(-1)?.energy ?? 0);
  t.true(Math.abs((all ?? 0) - parts.reduce((sum, part) => sum + part)) < 1e-8);
});

test('a port that is missing, and one that goes, disturb no other', async (t) => {
  const [stays, goes] = [await openPty(t), await openPty(t)];
  const of = await startMeters(t, {
    meter: { decoder: 'amps', settle: '0s' },
    meters: [
      { name: 'stays', port: stays.path },
      { name: 'goes', port: goes.path },
      { name: 'never', port: '/dev/nowhere' },
    ],
  });
  const count = (name: string) => of(name).readings().length;
  await sending(
    goes,
    () => '3 4\r\n',
    'readings of one',
    () => count('goes') > 2,
  );
  await goes.unplug();
  await sending(
    stays,
    () => '1 2\r\n',
    'readings of the other',
    () => count('stays') > 2,
  );
  await until('the loss', ENOUGH, () => of('goes').diagnostics().port_state === 'opening');
  const before = count('stays');
  await sending(
    stays,
    () => '1 2\r\n',
    'further readings',
    () => count('stays') > before + 5,
  );
  t.regex(of('never').diagnostics().port_error ?? '', /No such file/);
  t.is(of('stays').diagnostics().port_opens, 1);
  t.is(of('stays').diagnostics().port_error, undefined);
  await goes.plug();
  const then = count('goes');
  await sending(
    goes,
    () => '3 4\r\n',
    'its return',
    () => count('goes') > then,
  );
});

test('the rest of the house is a meter too, made of the others as they are read', async (t) => {
  const [grid, bus] = [await openPty(t), await openPty(t)];
  answer(bus, 1, 2);
  const of = await startMeters(t, {
    meter: { settle: '0s' },
    meters: [
      { name: 'grid', port: grid.path, decoder: 'amps', phases: [{ voltage: 230 }] },
      { name: 'car', port: bus.path, decoder: 'pzem', poll: '100ms' },
      { name: 'heat', port: bus.path, decoder: 'pzem', poll: '100ms', address: 2 },
      { name: 'rest', computed: { plus: ['grid'], minus: ['car', 'heat'] } },
      { name: 'both', computed: { plus: ['car', 'heat'] } },
    ],
  });
  await sending(
    grid,
    () => '10\r\n',
    'the rest',
    () => of('rest').readings().length > 5,
  );
  t.is(of('rest').readings().at(-1)?.power, 2300 - 100 - 200);
  t.is(of('both').readings().at(-1)?.power, 300);
  t.like(of('rest').profile(), { port: 'grid − car − heat', decoder: 'computed', simulated: false });
  const { energy = 0 } = of('rest').readings().at(-1) ?? {};
  t.true(energy > 0);
  // Each meter has a session of its own, so that the whole may be told after its rest.
  await until('the whole', ENOUGH, () => energy <= (of('grid').readings().at(-1)?.energy ?? 0) + 1e-9);

  await bus.unplug();
  const before = of('grid').readings().length;
  await sending(
    grid,
    () => '10\r\n',
    'the grid to go on',
    () => of('grid').readings().length > before + 5,
  );
  await until('what it waits for', ENOUGH, () => {
    grid.write('10\r\n');
    return of('rest').diagnostics().port_error === 'waiting for car, heat';
  });
  t.is(of('rest').diagnostics().port_state, 'opening');
  await bus.plug();
  await sending(
    grid,
    () => '10\r\n',
    'the return of all',
    () => of('rest').diagnostics().port_state === 'open',
  );
  t.is(of('rest').diagnostics().port_error, undefined);
});

test('several simulated meters are different ones', async (t) => {
  const of = await startMeters(t, {
    meter: { simulated_cadence: '100ms' },
    meters: [
      { name: 'grid' },
      { name: 'car' },
      { name: 'rest', computed: { plus: ['grid'], minus: ['car'] } },
    ],
  });
  const names = ['grid', 'car', 'rest'];
  await until('readings', ENOUGH, () => names.every((name) => of(name).readings().length > 3));
  for (const name of names) {
    t.true(of(name).profile().simulated);
    t.true(
      of(name)
        .readings()
        .every(({ quality }) => quality === 'simulated'),
    );
  }
  const powers = names.map((name) => of(name).readings().at(-1)?.power ?? Number.NaN);
  t.true((powers[0] ?? 0) > (powers[1] ?? 0));
});

/** What the terminal itself says of its rate. */
const rateOf = (path: string) =>
  Number(execFileSync('stty', ['-F', path, 'speed'], { encoding: 'utf8' }).trim());

test('a meter that speaks when it is asked is asked, told its rate, and read at that rate', async (t) => {
  const pty = await openPty(t);
  const rates: number[] = [];
  const heard: string[] = [];
  pty.onWritten((bytes) => {
    const text = bytes.toString('latin1');
    heard.push(text);
    rates.push(rateOf(pty.path));
    if (text === '/?!\r\n') pty.write('/ABc5METER\r\n');
    if (text === '\x06050\r\n') {
      // The meter takes some time to change its rate itself; by then ours has changed.
      const changed = until('the rate', ENOUGH, () => rateOf(pty.path) === 9600);
      const answer = () => {
        rates.push(rateOf(pty.path));
        const block =
          '1-0:0.0.0(12345678)\r\n1-0:1.8.0(001846.0*kWh)\r\n1-0:2.8.0(000012.5*kWh)\r\n!\r\n\x03';
        const bcc = Buffer.from(block, 'latin1').reduce((sum, byte) => sum ^ byte, 0);
        pty.write(Buffer.concat([Buffer.from(`\x02${block}`, 'latin1'), Buffer.of(bcc)]));
      };
      // The test may end meanwhile.
      changed.then(answer).catch(() => {});
    }
  });
  const of = await startMeters(t, {
    meters: [{ name: 'd', port: pty.path, decoder: 'd0', poll: '1s', settle: '0s' }],
  });
  await until('two readings', ENOUGH, () => of('d').readings().length >= 2);
  t.like(of('d').readings().at(-1), { register_import: 1846, register_export: 12.5 });
  t.deepEqual(heard.slice(0, 3), ['/?!\r\n', '\x06050\r\n', '/?!\r\n']);
  t.deepEqual(rates.slice(0, 4), [300, 300, 9600, 300]);
  t.is(of('d').diagnostics().port_opens, 1);
});
