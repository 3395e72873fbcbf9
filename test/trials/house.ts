import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, createWriteStream, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'mqtt';
import { simulatedLine } from '../../meter/simulate.ts';
import { type Observer, observe } from '../bench/heal/observer.ts';
import { steadyPort } from '../chaos/ports.ts';
import { childrenOf } from '../cli/support.ts';
import type { FakeClock } from '../support/faketime.ts';
import { findProgram } from '../support/programs.ts';
import { openPty } from '../support/pty.ts';
import { type Owner, temporaryFolder, until } from '../support/system.ts';

/** ms between two readings, and between two messages of the lamp. */
export const CADENCE = 1200;
/** What the agent watches: its meter, which it may restart, and a device of somebody else's. */
export const METER = 'main';
export const LAMP = 'lamp';

export type BrokerName = 'embedded' | 'mosquitto';

/** A broker, an agent and a meter in processes of their own, where nothing is wrong. */
export interface House {
  readonly observer: Observer;
  readonly agent: number;
  readonly meter: number | undefined;
  /** Undefined where the agent has the broker embedded. */
  readonly broker: Mosquitto | undefined;
  /** Undefined where the clock is the true one. */
  readonly clock: FakeClock | undefined;
  /** How far that clock is from the true one, in ms. */
  offset: number;
  /** How much slower than usual the meter's device and the lamp send. */
  slowness: Record<typeof METER | typeof LAMP, number>;
  /** How many incidents are on the agent's record; what it says over MQTT is not heard while the broker is away. */
  incidents(): number;
  /** Resolves when all verdicts have been healthy for a while and readings come. */
  healthy(): Promise<void>;
  /** Ends the agent and its meter, and starts them with what they had learned at first. */
  renew(): Promise<void>;
}

interface Options {
  name: string;
  broker: BrokerName;
  clock?: FakeClock | undefined;
  /** The file that Node runs as `wattdog`. */
  entry: string;
  /** ms of silence that convict; default: learned, which takes a minute. */
  stallAfter?: number;
}

/** ms in which a verdict must not change to be believed. */
const STEADY = 1500;
/** ms for an agent that was starved or cut off to see again, and to learn. */
const PATIENCE = 180_000;

export async function startHouse(t: Owner, options: Options): Promise<House> {
  const folder = temporaryFolder(t);
  const data = join(folder, 'data');
  const kept = join(folder, 'kept');
  mkdirSync(kept);
  const port = await steadyPort();
  const broker = options.broker === 'mosquitto' ? await startMosquitto(t, port, folder) : undefined;
  const slowness: House['slowness'] = { main: 1, lamp: 1 };
  const device = await startDevice(t, () => slowness[METER]);
  const url = `mqtt://127.0.0.1:${port}`;
  startLamp(t, url, () => slowness[LAMP]);

  const log = createWriteStream(join(folder, 'agent.log'));
  const start = () => {
    const child = spawn(
      process.execPath,
      [resolve(options.entry), 'up', ...settings(options, data, device, port)],
      {
        cwd: folder,
        env: { ...process.env, TMPDIR: folder, ...options.clock?.environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    return child;
  };
  let agent = start();
  t.teardown(() => end(agent));
  const observer = observe(t, url);
  const house: House = {
    observer,
    get agent() {
      return agent.pid ?? 0;
    },
    get meter() {
      return childrenOf(agent.pid)[0];
    },
    broker,
    clock: options.clock,
    offset: 0,
    slowness,
    incidents() {
      const db = new DatabaseSync(join(data, 'agent.db'), { readOnly: true });
      const count = db.prepare('SELECT count(*) AS count FROM incident').get()?.count;
      db.close();
      return Number(count);
    },
    async healthy() {
      const from = Date.now();
      let since: number | undefined;
      await until(`${options.name}: to be healthy (its log: ${folder}/agent.log)`, PATIENCE, async () => {
        if (agent.exitCode !== null) return true;
        const healthy = [METER, LAMP].every((name) => observer.verdict(name)?.state === 'healthy');
        since = healthy && observer.lastReading >= from ? (since ?? Date.now()) : undefined;
        await sleep(100);
        return since !== undefined && Date.now() - since >= STEADY;
      });
      if (agent.exitCode !== null)
        throw new Error(`${options.name}: the agent must run, but ended with code ${agent.exitCode}`);
    },
    async renew() {
      await end(agent);
      for (const file of globSync(join(data, 'agent.db*'))) rmSync(file);
      for (const file of globSync(join(kept, '*'))) copyFileSync(file, join(data, basename(file)));
      agent = start();
      await until(`${options.name}: its meter`, PATIENCE, () => house.meter !== undefined);
    },
  };
  await house.healthy();
  if (options.stallAfter !== undefined) return house;
  // What it has learned is written when it ends.
  await end(agent);
  for (const file of globSync(join(data, 'agent.db*'))) copyFileSync(file, join(kept, basename(file)));
  await house.renew();
  return house;
}

function settings({ broker, stallAfter }: Options, data: string, device: string, port: number): string[] {
  const silence = stallAfter === undefined ? {} : { stall_after: `${stallAfter}ms` };
  const watches = [
    { name: METER, topics: ['wattdog/main/reading'], ...silence },
    { name: LAMP, topics: ['lamp/state'], ...silence },
  ];
  return [
    ...['--data', data, '--log.format', 'json', '--agent.http.port', '0', '--broker.port', String(port)],
    ...['--meter.port', device, '--meter.decoder', 'panel'],
    ...['--agent.watches', JSON.stringify(watches), '--agent.docker.socket', '/nowhere'],
    ...(broker === 'mosquitto' ? ['--mqtt.url', `mqtt://127.0.0.1:${port}`] : []),
  ];
}

/** A panel on a pty. */
async function startDevice(t: Owner, slowness: () => number): Promise<string> {
  const pty = await openPty(t);
  const began = Date.now();
  repeat(t, slowness, (number) => {
    pty.write(simulatedLine(1, number, 1000 + (Date.now() - began) / 1000));
  });
  return pty.path;
}

/** Publishes a counter whenever there is a broker. */
function startLamp(t: Owner, url: string, slowness: () => number): void {
  const client = connect(url, { protocolVersion: 5, reconnectPeriod: 300, queueQoSZero: false });
  client.on('error', () => {});
  t.teardown(() => client.endAsync(true));
  repeat(t, slowness, (number) => {
    if (client.connected) client.publish('lamp/state', JSON.stringify({ number }));
  });
}

/** Calls it once a cadence, from now until the end. */
function repeat(t: Owner, slowness: () => number, beat: (number: number) => void): void {
  const ended = new AbortController();
  t.teardown(() => ended.abort());
  const run = async () => {
    for (let number = 1; !ended.signal.aborted; number++) {
      beat(number);
      await sleep(CADENCE * slowness(), undefined, { signal: ended.signal }).catch(() => {});
    }
  };
  void run();
}

export interface Mosquitto {
  readonly pid: number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  start(): void;
}

async function startMosquitto(t: Owner, port: number, folder: string): Promise<Mosquitto> {
  const config = join(folder, 'mosquitto.conf');
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const start = () => spawn(findProgram('mosquitto') ?? 'mosquitto', ['-c', config], { stdio: 'ignore' });
  let child = start();
  const kill = () => end(child, 'SIGKILL');
  t.teardown(kill);
  return {
    get pid() {
      return child.pid ?? 0;
    },
    kill,
    start() {
      child = start();
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  child.kill('SIGCONT');
  await exited;
}
