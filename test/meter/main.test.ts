/** The whole meter in one process, from the serial device to MQTT. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import { type DestinationStream, pino } from 'pino';
import type { Diagnostics } from '../../meter/diagnostics.ts';
import { runMeter } from '../../meter/main.ts';
import { settingsSchema } from '../../shared/settings/schema.ts';
import { systemTime, type Time } from '../../shared/time.ts';
import { decodeReading, meterTopics, type Reading } from '../../shared/wire.ts';
import { testBroker, testClient } from '../broker/support.ts';
import { openPty } from '../support/pty.ts';
import { diskTest, realTest } from '../support/real.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { silentLog, temporaryFolder, until } from '../support/system.ts';
import { openOutbox } from './outbox/support.ts';

const ptyTest = realTest('socat');
const onDisk = diskTest();
const TOPICS = meterTopics('main');
/** Long enough for any machine. */
const ENOUGH = 20_000;

/** Sleeps are cut short, so that diagnostics come often; every other wait looks at its deadline again. */
const restless: Time = {
  ...systemTime,
  sleep: (ms, signal) => systemTime.sleep(Math.min(ms, 100), signal),
};

/** A meter, a broker, and a subscriber to what the meter says. */
async function startMeter(
  t: ExecutionContext,
  meter: Record<string, unknown>,
  { data = temporaryFolder(t), time = restless, log = silentLog } = {},
) {
  const broker = await testBroker(t);
  const agent = await testClient(t, broker, { protocolVersion: 5 });
  await agent.subscribeAsync('wattdog/#', { qos: 1 });
  const settings = settingsSchema.parse({
    data,
    meter: { max_gap: '1m', ...meter },
    mqtt: { url: `mqtt://127.0.0.1:${broker.mqtt.port}` },
  });
  const stop = new AbortController();
  const running = runMeter(settings, { time, log }, stop.signal);
  const on = (topic: string) => agent.received.filter((message) => message.topic === topic);
  const saying = (state: string) =>
    until(`the meter to be ${state}`, ENOUGH, () => on(TOPICS.availability).at(-1)?.payload === state);
  const end = async () => {
    stop.abort();
    await running;
  };
  t.teardown(end);
  await saying('online');
  return {
    outbox: join(data, 'outbox-main.db'),
    readings: () => on(TOPICS.reading).map(({ payload }) => decodeReading(Buffer.from(payload))),
    diagnostics: () => JSON.parse(on(TOPICS.diagnostics).at(-1)?.payload ?? '{}') as Diagnostics,
    async end() {
      await end();
      await saying('offline');
    },
  };
}

/** Whether the energy of a reading is that of 360 W, within what rounding the interval to 1 ms allows. */
function isEnergyOf360W({ interval, interval_energy }: Reading): boolean {
  return Math.abs(interval_energy - (0.36 * interval) / 3600) < (0.36 * 0.0005) / 3600 + 1e-9;
}

ptyTest('`1 2` on the serial line becomes a reading with the right numbers', async (t) => {
  const pty = await openPty(t);
  const { readings } = await startMeter(t, { port: pty.path, decoder: 'amps' });
  await until('three readings that cover some time', ENOUGH, () => {
    pty.write('1 2\r\n');
    return readings().filter(({ interval }) => interval > 0).length >= 3;
  });
  let energy = 0;
  for (const [index, reading] of readings().entries()) {
    t.like(reading, {
      seq: index + 1,
      current_1: 1,
      current_2: 2,
      voltage_1: 120,
      voltage_2: 120,
      power: 360,
      apparent_power: 360,
      power_basis: 'apparent',
      quality: 'measured',
    });
    t.true(Math.abs(Date.parse(reading.time) - Date.now()) < ENOUGH);
    t.true(index > 0 || reading.interval === 0);
    t.true(isEnergyOf360W(reading), JSON.stringify(reading));
    energy += reading.interval_energy;
    t.true(Math.abs(reading.energy - energy) < 1e-8);
  }
});

ptyTest('garbage is counted and makes no reading', async (t) => {
  const pty = await openPty(t);
  const { readings, diagnostics } = await startMeter(t, { port: pty.path, decoder: 'amps' });
  const good = () => pty.write('1 2\r\n');
  await until('a reading', ENOUGH, () => {
    good();
    return readings().length > 0;
  });
  pty.write(Buffer.alloc(300, 0xa5));
  pty.write('\n-1 2\r\n1 999\r\n7\r\n1 2 3\r\n1\xff2\r\nhello\r\n');
  pty.write(Uint8Array.of(0x31, 0x20, 0x00, 0x32, 0x0a));
  await until('the rejects', ENOUGH, () => (diagnostics().rejects?.syntax ?? 0) >= 5);
  // Its very first bytes may have come too soon after opening to be trusted.
  const { fragment: _, ...rejects } = diagnostics().rejects;
  t.deepEqual(rejects, { overlong: 1, range: 2, syntax: 5 });

  const count = readings().length;
  await until('a reading after it', ENOUGH, () => {
    good();
    return readings().length > count;
  });
  for (const { current_1, current_2 } of readings()) t.deepEqual([current_1, current_2], [1, 2]);
  t.true(readings().every(isEnergyOf360W), 'the time of what was refused is covered by the next reading');
});

ptyTest('what comes right after opening may be the tail of a line, and is no reading', async (t) => {
  const pty = await openPty(t);
  const destination: DestinationStream = {
    write(text) {
      if (text.includes('reading the port')) pty.write('0 20\r\n10 20\r\n');
    },
  };
  // On this clock the first bytes come right after opening, however slow the machine is.
  const time: Time = { ...restless, monotonic: () => systemTime.monotonic() / 1000 };
  const { diagnostics, outbox } = await startMeter(
    t,
    { port: pty.path, decoder: 'amps' },
    { time, log: pino({}, destination) },
  );
  await until('both lines to be counted', ENOUGH, () => diagnostics().bytes === 13);
  t.deepEqual(diagnostics().rejects, { fragment: 1 });
  // It may have come before there was a session to send it over.
  const kept = openOutbox(outbox);
  t.teardown(() => kept.close());
  t.like(kept.oldest(10), [{ current_1: 10, current_2: 20 }]);
});

ptyTest('a disk that refuses is counted and said; readings go on, live, and reach it later', async (t) => {
  const pty = await openPty(t);
  const { readings, diagnostics, outbox } = await startMeter(t, { port: pty.path, decoder: 'amps' });
  const read = async (count: number) => {
    const before = readings().length;
    await until(`${count} readings`, ENOUGH, () => {
      pty.write('1 2\r\n');
      return readings().length >= before + count;
    });
  };
  await read(2);
  const other = new DatabaseSync(outbox);
  t.teardown(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  await read(5);
  await until('the refusals', ENOUGH, () => diagnostics().outbox_unwritten > 0);
  t.regex(diagnostics().outbox_error ?? '', /locked/);
  other.exec('ROLLBACK');
  await read(2);
  await until('the end of it', ENOUGH, () => diagnostics().outbox_unwritten === 0);
  t.true(diagnostics().outbox_errors > 0);
  t.is(diagnostics().outbox_error, undefined);

  const all = readings();
  const epochs = Map.groupBy(all, ({ epoch }) => epoch);
  t.is(epochs.size, 2);
  for (const part of epochs.values())
    t.deepEqual(
      part.map(({ seq }) => seq),
      part.map((_reading, index) => index + 1),
    );
  for (const [index, reading] of all.entries()) {
    t.true(isEnergyOf360W(reading));
    const last = all[index - 1];
    if (last === undefined) continue;
    t.true(Math.abs(reading.energy - last.energy - reading.interval_energy) < 3e-9);
  }
  const rows = Number(other.prepare('SELECT count(*) AS count FROM reading').get()?.count);
  t.true(rows >= all.length, 'those of the refusals too');
});

onDisk(
  'a meter that starts on a full disk reads and publishes live, and writes when there is room',
  async (t) => {
    const disk = mountSmallDisk(t);
    disk.fill();
    const simulated = { port: 'simulated', simulated_cadence: '50ms' };
    const { readings, diagnostics, outbox } = await startMeter(t, simulated, { data: disk.folder });
    await until('live readings', ENOUGH, () => readings().length >= 10);
    await until('their state', ENOUGH, () => diagnostics().outbox_unwritten >= 10);
    t.regex(diagnostics().outbox_error ?? '', /full|I\/O|no space/i);
    disk.free();
    await until('the room to be taken', ENOUGH, () => diagnostics().outbox_unwritten === 0);
    const database = new DatabaseSync(outbox, { readOnly: true });
    t.teardown(() => database.close());
    const rows = Number(database.prepare('SELECT count(*) AS count FROM reading').get()?.count);
    t.true(rows >= 10, `${rows}`);
  },
);

ptyTest('a device that is pulled out and put back is said in the diagnostics, and read again', async (t) => {
  const pty = await openPty(t);
  const meter = { port: pty.path, decoder: 'amps', silence: '1s', settle: '0s', max_gap: '50ms' };
  const { readings, diagnostics } = await startMeter(t, meter);
  const speak = (count: number) =>
    until(`${count} readings`, ENOUGH, () => {
      pty.write('1 2\r\n');
      return readings().length >= count;
    });
  await speak(1);
  await until('an open port', ENOUGH, () => diagnostics().port_state === 'open');
  const { port_opens } = diagnostics();
  await pty.unplug();
  await until('the loss', ENOUGH, () => /No such file/.test(diagnostics().port_error ?? ''));
  t.is(diagnostics().port_state, 'opening');
  await pty.plug();
  await speak(readings().length + 1);
  await until('the return', ENOUGH, () => diagnostics().port_state === 'open');
  t.true(diagnostics().port_opens > port_opens);
  t.is(readings().filter(({ gap_cause }) => gap_cause === 'port').length, 1);
});

test('the simulated panel is read like a real one, says that it is simulated, and restarts lose no energy', async (t) => {
  const data = temporaryFolder(t);
  const all: Reading[] = [];
  for (let run = 1; run <= 2; run += 1) {
    const { readings, end } = await startMeter(t, { port: 'simulated', simulated_cadence: '50ms' }, { data });
    await until('readings', ENOUGH, () => readings().length >= 5);
    await end();
    all.push(...readings());
  }
  const { epoch } = all[0] ?? {};
  for (const [index, reading] of all.entries()) {
    t.like(reading, { epoch, quality: 'simulated' });
    const last = all[index - 1];
    if (last === undefined) continue;
    t.true(reading.seq > last.seq);
    t.true(reading.energy >= last.energy);
    // Its counters went on while nobody read it: a run's first reading covers the time since the last one's.
    const passed = (Date.parse(reading.time) - Date.parse(last.time)) / 1000;
    if (reading.seq === last.seq + 1)
      t.true(Math.abs(reading.interval - passed) < 0.1, `${reading.interval} s of ${passed} s`);
  }
});

test('prices that are published in a file price what flows, and correct what was charged before they were known', async (t) => {
  const data = temporaryFolder(t);
  const file = join(data, 'prices.json');
  const publish = (price: number) => {
    const now = Date.now();
    const entry = (hour: number) => ({ from: new Date(now + hour * 3_600_000).toISOString(), price });
    writeFileSync(file, JSON.stringify([-3, -2, -1, 0, 1, 2].map((hour) => entry(hour - 0.5))));
  };
  const dynamic = {
    fallback: 0.5,
    import: { file, shape: 'generic', mapping: { from: 'from', price: 'price' } },
  };
  const tariff = {
    name: 'spot',
    currency: 'EUR',
    zone: 'UTC',
    periods: [{ name: 'all', price: 0 }],
    dynamic,
  };
  const { readings } = await startMeter(
    t,
    { port: 'simulated', simulated_cadence: '50ms', tariff },
    { data },
  );
  await until('a cost by the fallback', ENOUGH, () => (readings().at(-1)?.cost ?? 0) > 0);
  t.is(readings().at(-1)?.price, 0.5);
  publish(0.1);
  await until('the price', ENOUGH, () => readings().at(-1)?.price === 0.1);
  const corrected = readings().find(({ cost_correction }) => cost_correction !== undefined);
  t.true((corrected?.cost_correction ?? 0) < 0);
  const { cost, energy } = readings().at(-1) ?? { cost: 0, energy: 0 };
  t.true(Math.abs(cost - energy * 0.1) < 1e-8, `${cost} for ${energy} kWh`);
});
