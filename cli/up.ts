import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type RunningAgent, runAgent } from '../agent/main.ts';
import { findTariff } from '../meter/tariff/pricing.ts';
import { GiveUpError } from '../shared/errors.ts';
import { createLog, type Log } from '../shared/log.ts';
import type { BrokerAddress } from '../shared/mqtt.ts';
import { listDevices } from '../shared/serial-devices.ts';
import type { Meter } from '../shared/settings/meter.ts';
import { metersOf } from '../shared/settings/meters.ts';
import type { Settings } from '../shared/settings/schema.ts';
import { every, type Time } from '../shared/time.ts';
import { describeStatus, LiveLine, type Terminal } from './live-line.ts';

const REFRESH = 1000;
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** Everything on one machine: the agent, with the meter as a child process that it may kill and start. */
export async function up(
  settings: Settings,
  deps: { time: Time; terminal: Terminal; entry: string; args: string[] },
  signal: AbortSignal,
): Promise<void> {
  const meters = metersOf(settings);
  // That of the first stands for all: readings carry none.
  const [currency = ''] = meters.map(({ name, tariff }) => findTariff(tariff, `tariff of ${name}`).currency);
  requireDevice(meters);
  const line = new LiveLine(deps.terminal);
  const log = await createLog(settings.log, line);
  tellDevices(meters, log);

  const showLive = (agent: RunningAgent) =>
    every(REFRESH, deps.time, signal, () => line.show(describeStatus(agent.status(), currency)));
  try {
    await runAgent(
      settings,
      {
        time: deps.time,
        log,
        devices: listDevices,
        spawnMeter: (broker) => spawnMeter(deps.entry, deps.args, broker, log),
        ready: (agent) => void showLive(agent),
      },
      signal,
    );
  } finally {
    line.end();
  }
}

/** One of several may be missing: the others are read, and the meter's process waits for it. */
function requireDevice(meters: readonly Meter[]): void {
  const ports = [...new Set(meters.flatMap(({ port, computed }) => (computed ? [] : port)))];
  if (ports.some((port) => port === 'simulated' || existsSync(port))) return;
  const found = listDevices();
  const others = found.length === 0 ? 'no serial device is plugged in' : `found ${found.join(', ')}`;
  const verb = ports.length === 1 ? 'must exist, but does not' : 'must exist, but none does';
  throw new GiveUpError(`opening the meter's port: ${ports.join(', ')} ${verb}; ${others}`);
}

function tellDevices(meters: readonly Meter[], log: Log): void {
  const simulated = meters.filter(({ port, computed }) => port === 'simulated' && computed === undefined);
  if (simulated.length === 0) return;
  const names = meters.length > 1 ? ` of ${simulated.map(({ name }) => name).join(', ')}` : '';
  log.warn(`no port given: the readings${names} are SIMULATED`);
  for (const device of listDevices())
    log.info(`found a serial device; to read it: npm start -- --port ${device} --decoder amps`);
}

/** The same program with the same arguments, as a meter. It ends with us: its IPC channel closes. */
function spawnMeter(entry: string, args: string[], broker: BrokerAddress, log: Log): ChildProcess {
  // Flags win over everything, and the last one over all.
  const own = ['--log.format', 'json', '--mqtt.url', broker.url];
  const child = spawn(process.execPath, [entry, 'meter', ...args, ...own], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: {
      ...process.env,
      ...(broker.username === undefined ? {} : { WATTDOG_MQTT_USERNAME: broker.username }),
      ...(broker.password === undefined ? {} : { WATTDOG_MQTT_PASSWORD: broker.password }),
    },
  });
  if (child.stdout) relayLog(child.stdout, log.child({ from: 'meter' }));
  return child;
}

/** Repeats a child's JSON log lines in our own log, so that they look alike. */
function relayLog(lines: Readable, log: Log): void {
  const { labels } = log.levels;
  createInterface({ input: lines }).on('line', (text) => {
    try {
      const {
        level,
        time: _time,
        msg,
        ...fields
      } = JSON.parse(text) as { level: number; time: string; msg: string };
      const name = LEVELS.find((label) => label === labels[level]) ?? 'info';
      log[name](fields, msg);
    } catch {
      log.info(text);
    }
  });
}
