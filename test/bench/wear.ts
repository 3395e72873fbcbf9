/**
 * What the meter writes to disk: bytes a day at one reading per 1.2 s, with the agent there and away, from
 * /proc/<pid>/io of the real process, and beside it a process that appends the same JSON to a plain file.
 *
 *   node test/bench/wear.ts [minutes] [ms between two readings]     on Linux, TMPDIR on a real disk
 *
 * `written` is what went into the page cache, MQTT included; `dirtied` the pages of 4 KiB that this made the
 * disk's business. Faster readings than one per 1.2 s share such pages, as they would not in life.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { startBroker } from '../../broker/broker.ts';
import { decodeReading, meterTopics, type Reading } from '../../shared/wire.ts';
import { brokerSettings } from '../broker/support.ts';
import { testReading } from '../support/readings.ts';
import { freePort, silentLog, temporaryFolder, until } from '../support/system.ts';
import { print, teardownStack } from './report.ts';

const A_DAY = 24 * 3600 * 1000;
const CADENCE = 1200;
const TOPICS = meterTopics('main');
/** Any folder with the layout of this one, so that an older state can be measured too. */
const entry = process.env.WATTDOG ?? new URL('../../cli/main.ts', import.meta.url).pathname;

const appendTo = process.argv[4];
const minutes = Number(process.argv[2] ?? 3);
const cadence = Number(process.argv[3] ?? 100);
if (appendTo === undefined) await measure();
else await append(appendTo);

/** The plainest thing that could be done. */
async function append(path: string): Promise<void> {
  for (let seq = 1; ; seq += 1) {
    const reading: Reading = testReading(seq, { energy: 1234.567890123, cost: 345.678901234 });
    writeFileSync(path, `${JSON.stringify(reading)}\n`, { flag: 'a' });
    await sleep(cadence);
  }
}

async function measure(): Promise<void> {
  const { t, end } = teardownStack();
  try {
    const folder = temporaryFolder(t);
    const started = (...args: string[]) => {
      const child = spawn(process.execPath, args, { stdio: 'ignore' });
      t.teardown(async () => {
        child.kill();
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      });
      return child;
    };
    const meter = (name: string, url: string) =>
      started(
        ...[entry, 'meter', '--data', join(folder, name), '--mqtt.url', url],
        ...['--meter.simulated_cadence', `${cadence}ms`],
      );

    const broker = await startBroker(brokerSettings(), { log: silentLog });
    t.teardown(() => broker.close());
    const agent = await connectAsync(`mqtt://127.0.0.1:${broker.mqtt.port}`, { protocolVersion: 5 }, false);
    t.teardown(() => agent.endAsync(true));
    await agent.subscribeAsync(TOPICS.reading, { qos: 1 });
    agent.on('message', (_topic, payload) => {
      const { epoch, seq } = decodeReading(payload);
      agent.publish(TOPICS.stored, JSON.stringify({ epoch, seq }), { qos: 1, retain: true });
    });

    const absent = meter('absent', `mqtt://127.0.0.1:${await freePort()}`);
    const present = meter('present', `mqtt://127.0.0.1:${broker.mqtt.port}`);
    const outbox = (name: string) => statSync(join(folder, name, 'outbox-main.db')).size > 0;
    await until('both meters', 30_000, () => outbox('absent') && outbox('present'));
    const plain = started(import.meta.filename, '0', String(cadence), join(folder, 'readings.jsonl'));
    // What is written once at the start is no wear.
    await sleep(3000);

    const processes = { present, absent, plain };
    const before = Object.values(processes).map(({ pid }) => io(pid));
    const from = performance.now();
    await sleep(minutes * 60_000);
    const readings = (performance.now() - from) / cadence;
    const perDay = Object.values(processes).map(({ pid }, index) => {
      const after = io(pid);
      const daily = (key: keyof ReturnType<typeof io>) =>
        ((after[key] - (before[index]?.[key] ?? 0)) / readings) * (A_DAY / CADENCE);
      return { written: daily('written'), dirtied: daily('dirtied') };
    });
    const [, , base] = perDay;
    for (const [index, name] of Object.keys(processes).entries()) {
      const { written = 0, dirtied = 0 } = perDay[index] ?? {};
      print(
        `${name.padEnd(8)} written ${mega(written)} MB/day (${(written / (base?.written ?? 1)).toFixed(1)} × plain), dirtied ${mega(dirtied)} MB/day (${(dirtied / (base?.dirtied ?? 1)).toFixed(1)} × plain)`,
      );
    }
    print(`${Math.round(readings)} readings in ${minutes} min`);
  } finally {
    await end();
  }
}

function io(pid: number | undefined): { written: number; dirtied: number } {
  const text = readFileSync(`/proc/${pid}/io`, 'utf8');
  const count = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(text)?.[1]);
  return { written: count('wchar'), dirtied: count('write_bytes') };
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
