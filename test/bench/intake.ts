/**
 * How many readings a second the agent journals durably: real publishers (`mosquitto_pub`, QoS 1) and the
 * real agent as processes, with the embedded broker and with Mosquitto, counted by the watermarks that come
 * back. Next to each, in the same run, a plain MQTT.js subscriber (QoS 1) on the same broker that only counts.
 *
 *   node test/bench/intake.ts [readings a meter] [meters]     with mosquitto and mosquitto_pub
 *   BENCH_NODE_FLAGS='--cpu-prof --cpu-prof-dir=/tmp/p' …     profiles the agent (and the plain broker)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { connectAsync, type MqttClient } from 'mqtt';
import { BACKLOG_BATCH, decodeWatermark, meterTopics } from '../../shared/wire.ts';
import { findProgram } from '../support/programs.ts';
import { testReading } from '../support/readings.ts';
import { freePort, type Owner, temporaryFolder, until } from '../support/system.ts';
import { print, teardownStack } from './report.ts';

/** `mosquitto_pub` numbers all it has read in 16 bits, and ends early beyond them. */
const MOST = 65_000;
const count = Math.min(MOST, Number(process.argv[2] ?? 60_000));
const meters = Array.from({ length: Number(process.argv[3] ?? 4) }, (_, index) => `meter-${index + 1}`);
/** Messages a publisher has under way. */
const WINDOW = 100;
/** ms after which what has not come is taken for lost on the way. */
const PATIENCE = 5000;
const entry = new URL('../../cli/main.ts', import.meta.url).pathname;

type Kind = 'reading' | 'backlog';

function wattdog(t: Owner, ...args: string[]): ChildProcess {
  const flags = process.env.BENCH_NODE_FLAGS?.split(' ') ?? [];
  const child = spawn(process.execPath, [...flags, entry, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  t.teardown(async () => {
    child.kill();
    if (child.exitCode === null) await once(child, 'exit');
  });
  return child;
}

/** With a queue that has no bound: at its default of 1000 messages a flood is lost, and a meter would send again. */
function startMosquitto(t: Owner, port: number): string {
  const config = join(temporaryFolder(t), 'mosquitto.conf');
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`);
  const mosquitto = spawn(findProgram('mosquitto') ?? 'mosquitto', ['-c', config], { stdio: 'ignore' });
  t.teardown(() => mosquitto.kill('SIGKILL'));
  return `mqtt://127.0.0.1:${port}`;
}

async function connect(t: Owner, url: string): Promise<MqttClient> {
  const client = await until('the broker', 10_000, () =>
    connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 }, false),
  );
  t.teardown(() => client.endAsync(true));
  return client;
}

/** Publishes the file of each meter, a message a line; resolves when all are acknowledged. */
async function publish(url: string, files: ReadonlyMap<string, string>, kind: Kind): Promise<void> {
  const { port } = new URL(url);
  const all = [...files].map(async ([meter, file]) => {
    const input = openSync(file, 'r');
    const args = ['-p', port, '-q', '1', '-M', String(WINDOW), '-t', meterTopics(meter)[kind], '-l'];
    const publisher = spawn('mosquitto_pub', args, { stdio: [input, 'ignore', 'inherit'] });
    closeSync(input);
    await once(publisher, 'exit');
  });
  await Promise.all(all);
}

/** Waits until `arrived()` is all there is, or grows no more; prints and returns readings a second. */
async function measure(what: string, arrived: () => number, send: () => Promise<void>): Promise<number> {
  const total = count * meters.length;
  const began = performance.now();
  let last = { count: 0, at: began };
  const sending = send();
  await until(what, 600_000, () => {
    const now = arrived();
    if (now > last.count) last = { count: now, at: performance.now() };
    return now >= total || performance.now() - last.at > PATIENCE;
  });
  await sending;
  const rate = Math.round((1000 * last.count) / (last.at - began));
  const missing = last.count < total ? `; ${total - last.count} did not come through` : '';
  print(`  ${what}: ${rate} readings/s${missing}`);
  return rate;
}

async function run(name: string, kind: Kind, files: ReadonlyMap<string, string>): Promise<void> {
  const { t, end } = teardownStack();
  try {
    print(`${name}, ${kind === 'reading' ? 'a message a reading' : `${BACKLOG_BATCH} readings a message`}`);
    const port = await freePort();
    const embedded = name === 'embedded broker';
    const url = embedded ? `mqtt://127.0.0.1:${port}` : startMosquitto(t, port);

    const plain = teardownStack();
    if (embedded) wattdog(plain.t, 'broker', '--broker.port', String(port));
    const subscriber = await connect(plain.t, url);
    let counted = 0;
    subscriber.on('message', () => {
      counted += kind === 'reading' ? 1 : BACKLOG_BATCH;
    });
    await subscriber.subscribeAsync(`wattdog/+/${kind}`, { qos: 1 });
    const peer = await measure(
      'plain subscriber',
      () => counted,
      () => publish(url, files, kind),
    );
    await plain.end();

    const broker = embedded ? ['--broker.port', String(port)] : ['--mqtt.url', url];
    const agent = wattdog(t, 'agent', ...broker, '--agent.http.port', '0', '--data', temporaryFolder(t));
    const listener = await connect(t, url);
    const watermarks = new Map<string, number>();
    listener.on('message', (topic, payload) => {
      if (topic.endsWith('/stored')) watermarks.set(topic, decodeWatermark(payload).seq);
      else watermarks.set(topic, 0);
    });
    await listener.subscribeAsync(['wattdog/+/stored', 'wattdog/agent/state'], { qos: 1 });
    await until('the agent', 20_000, () => watermarks.has('wattdog/agent/state'));
    const stored = () => watermarks.values().reduce((sum, seq) => sum + seq, 0);
    const ours = await measure('journalled durably', stored, () => publish(url, files, kind));
    const [rss = '?'] = /(?<=VmHWM:\s+)\d+/.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8')) ?? [];
    print(
      `  ratio ${(ours / peer).toFixed(2)}; the agent's memory at most ${Math.round(Number(rss) / 1024)} MB`,
    );
  } finally {
    await end();
  }
}

function writeMessages(folder: string, kind: Kind): ReadonlyMap<string, string> {
  const readings = Array.from({ length: count }, (_, index) => testReading(index + 1));
  const messages =
    kind === 'reading'
      ? readings
      : Array.from({ length: Math.ceil(count / BACKLOG_BATCH) }, (_, index) =>
          readings.slice(index * BACKLOG_BATCH, (index + 1) * BACKLOG_BATCH),
        );
  const path = join(folder, kind);
  writeFileSync(path, messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  return new Map(meters.map((meter) => [meter, path]));
}

const { t, end } = teardownStack();
try {
  const [load = '?'] = readFileSync('/proc/loadavg', 'utf8').split(' ');
  print(
    `${meters.length} meters with ${count} readings each, ${WINDOW} messages under way each; load ${load}`,
  );
  const folder = temporaryFolder(t);
  for (const kind of ['reading', 'backlog'] as const) {
    const files = writeMessages(folder, kind);
    await run('embedded broker', kind, files);
    await run('Mosquitto', kind, files);
  }
} finally {
  await end();
}
