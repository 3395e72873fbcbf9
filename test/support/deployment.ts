import { chmodSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  compose(...args: string[]): Promise<string>;
  /** The id of a service's container. */
  container(service: string): Promise<string>;
  /** The process id, on this machine, of a service's first process. */
  pid(service: string): Promise<number>;
  /** Sample times (ms) of a metric in the store, ascending. */
  times(metric: string): Promise<number[]>;
}

/** Starts it, with images that are there already, and takes it down with its volumes when the test ends. */
export async function startDeployment(t: Owner, engine: PrivateEngine, cadence: number): Promise<Deployment> {
  const pty = await openPty(t);
  const device = realpathSync(pty.path);
  chmodSync(device, 0o666);
  const started = Date.now();
  let seq = 0;
  const feed = setInterval(
    () => pty.write(simulatedLine(1, ++seq, 1000 + (Date.now() - started) / 1000)),
    cadence,
  );
  t.teardown(() => clearInterval(feed));

  const [store, mqtt] = [await freePort(), await freePort()];
  const settings = join(engine.folder, '.env');
  writeFileSync(
    settings,
    `DOCKER_SOCKET=${engine.socket}
METER_PORT=${device}
METER_DECODER=panel
WATTDOG_STORES=[{kind: victoriametrics, url: "http://store:8428"}]
MQTT_BIND=127.0.0.1:${mqtt}
STORE_BIND=127.0.0.1:${store}
`,
  );
  const compose = (...args: string[]) =>
    engine.compose('--project-name', 'wattdog', '--env-file', settings, '--profile', 'store', ...args);
  const container = async (service: string) => (await compose('ps', '--quiet', service)).trim();

  t.teardown(() => compose('down', '--volumes', '--timeout', '2'));
  await compose('up', '--detach', '--no-build');
  return {
    store,
    mqtt,
    compose,
    container,
    pid: async (service) =>
      Number(await engine.docker('inspect', '--format', '{{.State.Pid}}', await container(service))),
    async times(metric) {
      const query = new URLSearchParams({ 'match[]': metric });
      const response = await fetch(`http://127.0.0.1:${store}/api/v1/export?${query}`);
      const lines = (await response.text()).split('\n').filter(Boolean);
      return lines
        .flatMap((line) => (JSON.parse(line) as { timestamps: number[] }).timestamps)
        .sort((a, b) => a - b);
    },
  };
}
