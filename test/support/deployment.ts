import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setInterval } from 'node:timers';
import { simulatedLine } from '../../meter/simulate.ts';
import type { PrivateEngine } from './engine.ts';
import { openPty } from './pty.ts';
import { freePort, type Owner } from './system.ts';

/** The real compose.yaml, running on a private engine, with a pty for the serial device. */
export interface Deployment {
  /** Loopback port of VictoriaMetrics. */
  store: number;
  /** Loopback port of the broker. */
  mqtt: number;
  /** Loopback port of the agent's page, API, webhooks and metrics, for who has the password of the `page`. */
  http: number;
  /** The device: it sends a line at each beat of the cadence, unless it is quiet or unplugged. */
  panel: Panel;
  compose(...args: string[]): Promise<string>;
  /** The id of a service's container. */
  container(service: string): Promise<string>;
  /** The process id, on this machine, of a service's first process. */
  pid(service: string): Promise<number>;
  /** Where a volume of compose.yaml is on this machine. */
  volume(name: string): Promise<string>;
  /** What the agent made at its first start: the password of a user of its broker, or the token of its page. */
  password(user: 'meter' | 'reader' | 'page'): Promise<string>;
  /** Sample times (ms) of a metric in the store, ascending. @param from ms since 1970; default: the last minutes */
  times(metric: string, from?: number): Promise<number[]>;
}

export interface Panel {
  /** Whether it sends nothing, though it is there. */
  quiet: boolean;
  unplug(): Promise<void>;
  plug(): Promise<void>;
}

interface DeploymentOptions {
  /** Compose's name for it, and the meter's; several can be on one engine. */
  name?: string;
  /** What compose merges into compose.yaml. */
  override?: { services: Record<string, object> };
}

/** Starts it, with images that are there already, and takes it down with its volumes when the test ends. */
export async function startDeployment(
  t: Owner,
  engine: PrivateEngine,
  cadence: number,
  { name, override = { services: {} } }: DeploymentOptions = {},
): Promise<Deployment> {
  const project = name ?? 'wattdog';
  const { path, panel } = await openPanel(t, cadence);
  const [store, mqtt, http] = [await freePort(), await freePort(), await freePort()];
  const settings = join(engine.folder, `${project}.env`);
  writeFileSync(
    settings,
    `DOCKER_SOCKET=${engine.socket}
METER_NAME=${name ?? 'main'}
METER_PORT=${path}
METER_DECODER=panel
WATTDOG_STORES=[{kind: victoriametrics, url: "http://store:8428"}]
MQTT_BIND=127.0.0.1:${mqtt}
STORE_BIND=127.0.0.1:${store}
HTTP_BIND=127.0.0.1:${http}
`,
  );
  // By the name of its folder, the device is found again when it was unplugged and is another pty.
  const { meter } = override.services;
  const folder = dirname(path);
  const services = { ...override.services, meter: { ...meter, volumes: [`${folder}:${folder}`] } };
  const overrides = join(engine.folder, `${project}.override.json`);
  writeFileSync(overrides, JSON.stringify({ services }));
  const compose = (...args: string[]) =>
    engine.compose(
      ...['--file', 'compose.yaml', '--file', overrides, '--project-name', project],
      ...['--env-file', settings, '--profile', 'store', ...args],
    );
  const container = async (service: string) => (await compose('ps', '--quiet', service)).trim();
  const volume = (volume: string) =>
    engine.docker('volume', 'inspect', '--format', '{{.Mountpoint}}', `${project}_${volume}`);

  t.teardown(() => compose('down', '--volumes', '--timeout', '2'));
  await compose('up', '--detach', '--no-build');
  return {
    store,
    mqtt,
    http,
    panel,
    compose,
    container,
    pid: async (service) =>
      Number(await engine.docker('inspect', '--format', '{{.State.Pid}}', await container(service))),
    volume,
    password: async (user) => readFileSync(join(await volume('credentials'), user), 'utf8').trim(),
    async times(metric, from) {
      const query = new URLSearchParams({ 'match[]': metric });
      if (from !== undefined) query.set('start', String(from / 1000));
      const response = await fetch(`http://127.0.0.1:${store}/api/v1/export?${query}`);
      const lines = (await response.text()).split('\n').filter(Boolean);
      return lines
        .flatMap((line) => (JSON.parse(line) as { timestamps: number[] }).timestamps)
        .sort((a, b) => a - b);
    },
  };
}

async function openPanel(t: Owner, cadence: number): Promise<{ path: string; panel: Panel }> {
  const pty = await openPty(t);
  // For the container's user.
  chmodSync(dirname(pty.path), 0o755);
  chmodSync(pty.path, 0o666);
  const started = Date.now();
  let plugged = true;
  let seq = 0;
  const panel: Panel = {
    quiet: false,
    async unplug() {
      plugged = false;
      await pty.unplug();
    },
    async plug() {
      await pty.plug();
      chmodSync(pty.path, 0o666);
      plugged = true;
    },
  };
  const feed = setInterval(() => {
    const line = simulatedLine(1, ++seq, 1000 + (Date.now() - started) / 1000);
    if (plugged && !panel.quiet) pty.write(line);
  }, cadence);
  t.teardown(() => clearInterval(feed));
  return { path: pty.path, panel };
}
