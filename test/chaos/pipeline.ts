import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type FakeClock, fakeClock } from '../support/faketime.ts';
import { findProgram } from '../support/programs.ts';
import { type Link, openLink } from '../support/proxy.ts';
import { openPty } from '../support/pty.ts';
import { mayMount, mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import type { Owner } from '../support/system.ts';
import type { Decoded } from './compare.ts';
import { type Feeder, startFeeder } from './feeder.ts';
import { steadyPort } from './ports.ts';
import type { ClockName, LinkName, Plan, ProcessName } from './schedule.ts';
import { Spans } from './spans.ts';
import { type ChaosStore, type StoreName, startStore } from './store.ts';
import { type Supervised, supervise } from './supervise.ts';

export const BROKERS = ['embedded', 'mosquitto'] as const;
export type BrokerName = (typeof BROKERS)[number];

export interface Pipeline {
  processes: Partial<Record<ProcessName, Pick<Supervised, 'pid' | 'signal'>>>;
  meter: Supervised;
  agent: Supervised;
  store: ChaosStore;
  links: Partial<Record<LinkName, Link>>;
  /** Of meter and agent; without them, disks and clocks are left in peace. */
  disks: Partial<Record<'meter disk' | 'agent disk', SmallDisk>>;
  clocks: Partial<Record<ClockName, FakeClock>>;
  device: { unplug(): Promise<void>; plug(): Promise<void> };
  /** When the meter could read. */
  spans: Spans;
  /** What the meter says it decoded, in its order. */
  decoded: readonly Decoded[];
  /** When the meter's disk was full, by the clock of the lines; ms. */
  full: { from: number; to: number }[];
  feeder: Feeder;
  /** Of the broker itself, past every link. */
  mqttPort: number;
  journal: string;
}

interface Options {
  broker: BrokerName;
  store: StoreName;
  /** The file that Node runs as `wattdog`. */
  entry: string;
  /** Where data and logs go. */
  folder: string;
}

/** Starts everything: the device, the meter, the agent, a broker of its own where asked, the store, and the links. */
export async function startPipeline(t: Owner, options: Options, random: () => number): Promise<Pipeline> {
  const { folder } = options;
  const data = { meter: join(folder, 'meter'), agent: join(folder, 'agent') };
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const pauseMs = () => 20 + 300 * random();

  const now = () => performance.now();
  const full: Pipeline['full'] = [];
  const disks = mayMount()
    ? {
        'meter disk': watched(mountSmallDisk(t, data.meter), full, now),
        'agent disk': mountSmallDisk(t, data.agent),
      }
    : {};
  const clocks = { meter: fakeClock(t), agent: fakeClock(t) };
  const store = await startStore(t, options.store, pauseMs);
  const mqttPort = await steadyPort();
  const link = async (target: number) => openLink(t, await steadyPort(), target);
  const external = options.broker === 'mosquitto';
  const links = {
    'meter-broker': await link(mqttPort),
    'agent-store': await link(store.port),
    ...(external ? { 'agent-broker': await link(mqttPort) } : {}),
  };

  let broker: Supervised | undefined;
  if (external) {
    const config = join(folder, 'mosquitto.conf');
    writeFileSync(config, `listener ${mqttPort} 127.0.0.1\nallow_anonymous true\n`);
    const program = { command: findProgram('mosquitto') ?? 'mosquitto', args: ['-c', config] };
    broker = supervise(t, { ...program, log: join(logs, 'broker.log') }, pauseMs);
  }

  const pty = await openPty(t);
  let plugged = true;
  const spans = new Spans();
  const decoded: Decoded[] = [];
  const wattdog = (name: ClockName, args: string[]) => ({
    command: process.execPath,
    args: [options.entry, name, '--data', data[name], '--log.format', 'json', ...args],
    environment: clocks[name]?.environment ?? {},
    log: join(logs, `${name}.log`),
  });
  const agent = supervise(
    t,
    wattdog('agent', [
      ...['--broker.port', String(mqttPort), '--agent.http.port', '0'],
      ...['--agent.stores', `[${store.settings(links['agent-store'].port)}]`],
      ...['--agent.watches', '[{name: main, topics: [wattdog/main/reading], heal: false}]'],
      ...(links['agent-broker'] ? ['--mqtt.url', `mqtt://127.0.0.1:${links['agent-broker'].port}`] : []),
    ]),
    pauseMs,
    { ended: (pid) => clocks.agent?.forget(pid) },
  );
  const meter = supervise(
    t,
    wattdog('meter', [
      ...['--meter.port', pty.path, '--meter.decoder', 'panel'],
      ...['--meter.settle', '500ms', '--meter.silence', '2s'],
      ...['--mqtt.url', `mqtt://127.0.0.1:${links['meter-broker'].port}`, '--log.level', 'trace'],
    ]),
    pauseMs,
    {
      line(text, pid) {
        if (text.endsWith('"msg":"a sample"}')) decoded.push({ number: sampleNumber(text), life: pid });
        if (pid !== meter.pid) return;
        if (text.includes('"msg":"reading the port"')) spans.opened(now());
        if (text.includes('"msg":"no port: ')) spans.ended(now());
      },
      ended(pid) {
        spans.ended(now());
        clocks.meter?.forget(pid);
      },
    },
  );
  const feeder = startFeeder(pty.write, () => plugged && meter.pid !== undefined, random);
  t.teardown(() => feeder.stop());

  return {
    processes: { meter: reader(meter, spans), agent, store, ...(broker ? { broker } : {}) },
    meter,
    agent,
    store,
    links,
    disks,
    clocks: Object.fromEntries(Object.entries(clocks).filter(([, clock]) => clock !== undefined)),
    device: {
      async unplug() {
        plugged = false;
        spans.ended(now());
        await pty.unplug();
        // Whoever opened it in between holds a device that is no more.
        spans.ended(now());
      },
      async plug() {
        await pty.plug();
        plugged = true;
      },
    },
    spans,
    decoded,
    full,
    feeder,
    mqttPort,
    journal: join(data.agent, 'journal.db'),
  };
}

/** The number of the line that a logged sample was made of. */
function sampleNumber(text: string): number {
  return (JSON.parse(text) as { counter: { seq: number } }).counter.seq;
}

/** A disk whose times without room are written down. */
function watched(disk: SmallDisk, full: Pipeline['full'], now: () => number): SmallDisk {
  return {
    ...disk,
    fill() {
      full.push({ from: now(), to: Number.POSITIVE_INFINITY });
      disk.fill();
    },
    free() {
      disk.free();
      const last = full.at(-1);
      if (last) last.to = now();
    },
  };
}

/** The meter's process, whose signals end or pause its reading. */
function reader(meter: Supervised, spans: Spans): Pick<Supervised, 'pid' | 'signal'> {
  return {
    get pid() {
      return meter.pid;
    },
    async signal(name) {
      const at = performance.now();
      if (name === 'SIGKILL' || name === 'SIGTERM') spans.ended(at);
      if (name === 'SIGSTOP') spans.stopped(at);
      await meter.signal(name);
      if (name === 'SIGCONT') spans.continued(performance.now());
    },
  };
}

/** What of a plan this pipeline has. */
export function partsOf({ processes, links, disks, clocks }: Pipeline): Plan['parts'] {
  return {
    processes: (['meter', 'agent', 'broker', 'store'] as const).filter((name) => processes[name]),
    links: (['meter-broker', 'agent-broker', 'agent-store'] as const).filter((name) => links[name]),
    disks: Object.keys(disks).length === 2,
    clocks: Object.keys(clocks).length === 2,
  };
}
