import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Arrival } from '../../agent/journal/journal.ts';
import { findProgram } from './programs.ts';
import { testReading } from './readings.ts';
import { freePort, type Owner, temporaryFolder, until } from './system.ts';

/** When the reading numbered 0 of `arrivals` was taken. */
export const FIRST_TIME_MS = Date.parse('2026-07-01T12:00:00Z');

/** Readings of the meter `main`, one every 1.2 s; the power of number n is n W. */
export function arrivals(count: number, first = 1): Arrival[] {
  return Array.from({ length: count }, (_, index) => {
    const seq = first + index;
    return {
      meter: 'main',
      reading: testReading(seq, {
        time: new Date(FIRST_TIME_MS + seq * 1200).toISOString(),
        power: seq,
        apparent_power: seq,
        tariff: seq % 2 === 0 ? 'on-peak' : 'off-peak',
      }),
    };
  });
}

/** A TCP link to a loopback port, which can lose what it is given without a word. */
interface LossyLink {
  readonly url: string;
  /** How many connections have lost something. */
  readonly swallowed: number;
  /** From now on, or until now; a connection that has lost something never carries anything again. */
  swallow(on: boolean): void;
}

export async function openLossyLink(t: Owner, port: number): Promise<LossyLink> {
  const sockets = new Set<Socket>();
  let swallowing = false;
  let swallowed = 0;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    let lost = false;
    const forward = (from: Socket, to: Socket) => {
      sockets.add(from);
      from.on('data', (chunk) => {
        if (swallowing && !lost) swallowed += 1;
        lost ||= swallowing;
        if (!lost) to.write(chunk);
      });
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('error', () => {});
    };
    forward(near, far);
    forward(far, near);
  });
  t.teardown(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const own = address !== null && typeof address !== 'string' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${own}`,
    get swallowed() {
      return swallowed;
    },
    swallow(on) {
      swallowing = on;
    },
  };
}

export interface RunningStore {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Sends the signal and waits for the end of the process; its data stays. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Kills it when it runs, and starts it again on the same port and data. */
  restart(): Promise<void>;
}

/** One raw sample: milliseconds since 1970 UTC, value. */
type Sample = [timeMs: number, value: number];

interface VictoriaMetrics extends RunningStore {
  /** The value of each series that a PromQL expression gives at `time` (seconds; default now). */
  query(promql: string, time?: number): Promise<{ labels: Record<string, string>; value: number }[]>;
  /** The raw samples of each series that matches, such as `electricity_power_watts{meter="main"}`. */
  samples(selector: string): Promise<{ labels: Record<string, string>; samples: Sample[] }[]>;
}

/** One series of an InfluxQL answer. */
interface InfluxSeries {
  name: string;
  tags?: Record<string, string>;
  columns: string[];
  values: (string | number | null)[][];
}

interface InfluxDB extends RunningStore {
  /** Times are milliseconds since 1970 UTC. */
  query(influxql: string, database?: string): Promise<InfluxSeries[]>;
}

/** VictoriaMetrics on an ephemeral loopback port; ends, and its data goes, with the test. */
export async function startVictoriaMetrics(t: Owner): Promise<VictoriaMetrics> {
  const data = temporaryFolder(t);
  const store = await startStore(t, 'victoria-metrics', '/health', (port) => [
    `-storageDataPath=${data}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-dedup.minScrapeInterval=1ms',
    '-retentionPeriod=100y',
    '-search.latencyOffset=0s',
    '-memory.allowedBytes=67108864',
    '-loggerLevel=ERROR',
  ]);
  const get = async (path: string, query: Record<string, string>): Promise<string> => {
    // Otherwise new samples take about a second to be found.
    await fetch(`${store.url}/internal/force_flush`);
    return textOf(await fetch(`${store.url}${path}?${new URLSearchParams(query)}`));
  };
  return Object.assign(store, {
    async query(promql: string, time = Date.now() / 1000) {
      const answer = JSON.parse(
        await get('/api/v1/query', { query: promql, time: String(time), nocache: '1' }),
      ) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
      return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async samples(selector: string) {
      const lines = (await get('/api/v1/export', { 'match[]': selector })).split('\n').filter(Boolean);
      return lines.map((line) => {
        const { metric, timestamps, values } = JSON.parse(line) as {
          metric: Record<string, string>;
          timestamps: number[];
          values: number[];
        };
        return {
          labels: metric,
          samples: timestamps.map((time, index): Sample => [time, values[index] ?? Number.NaN]),
        };
      });
    },
  });
}

/** InfluxDB 1.x on an ephemeral loopback port, without any database; ends, and its data goes, with the test. */
export async function startInfluxDB(t: Owner): Promise<InfluxDB> {
  const data = temporaryFolder(t);
  const config = join(data, 'influxdb.conf');
  const store = await startStore(t, 'influxd', '/ping', (port) => {
    for (const folder of ['meta', 'data', 'wal']) mkdirSync(join(data, folder), { recursive: true });
    writeFileSync(
      config,
      `
      reporting-disabled = true
      bind-address = "127.0.0.1:0"
      [meta]
        dir = "${data}/meta"
      [data]
        dir = "${data}/data"
        wal-dir = "${data}/wal"
        query-log-enabled = false
      [monitor]
        store-enabled = false
      [http]
        bind-address = "127.0.0.1:${port}"
        log-enabled = false
      [logging]
        level = "error"
      `,
    );
    return ['-config', config];
  });
  return Object.assign(store, {
    async query(influxql: string, database?: string) {
      const query = new URLSearchParams({ q: influxql, epoch: 'ms', ...(database && { db: database }) });
      const answer = JSON.parse(
        await textOf(await fetch(`${store.url}/query?${query}`, { method: 'POST' })),
      ) as {
        results: { series?: InfluxSeries[]; error?: string }[];
      };
      const failed = answer.results.find((result) => result.error !== undefined);
      if (failed) throw new Error(`${influxql}: ${failed.error}`);
      return answer.results.flatMap((result) => result.series ?? []);
    },
  });
}

async function textOf(response: Response): Promise<string> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`);
  return text;
}

async function startStore(
  t: Owner,
  program: string,
  healthPath: string,
  args: (port: number) => string[],
): Promise<RunningStore> {
  let child: ChildProcess | undefined;
  let port = 0;

  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const start = async (): Promise<void> => {
    const running = spawn(findProgram(program) ?? program, args(port), {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = running;
    let said = '';
    running.stderr.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-2000);
    });
    let ended: string | undefined;
    running.once('error', (error) => {
      ended = error.message;
    });
    running.once('exit', (code, signal) => {
      ended = `${code ?? signal}: ${said}`;
    });
    const url = `http://127.0.0.1:${port}${healthPath}`;
    await until(`${program} to answer at ${url}`, 60_000, async () => {
      if (ended !== undefined) return true;
      const response = await fetch(url);
      await response.arrayBuffer();
      return response.ok;
    });
    if (ended !== undefined) throw new Error(`${program} ended at once with ${ended}`);
  };

  t.teardown(() => kill());
  // Someone else may have taken the free port in between.
  for (let attempt = 1; ; attempt += 1) {
    port = await freePort();
    try {
      await start();
      break;
    } catch (error) {
      if (attempt === 3) throw error;
      await kill();
    }
  }
  return {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    kill,
    async restart() {
      await kill();
      await start();
    },
  };
}
