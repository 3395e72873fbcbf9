import { setTimeout as sleep } from 'node:timers/promises';
import { startInfluxDB, startVictoriaMetrics } from '../support/stores.ts';
import { type Owner, until } from '../support/system.ts';
import { COMPARED, type StoredPoints } from './compare.ts';
import type { Supervised } from './supervise.ts';

export const STORES = ['victoriametrics', 'influxdb'] as const;
export type StoreName = (typeof STORES)[number];

export interface ChaosStore extends Pick<Supervised, 'pid' | 'signal'> {
  readonly port: number;
  /** The agent's setting for it, as it is reached through `port`. */
  settings(port: number): string;
  /** All that it holds of the meter. */
  points(): Promise<StoredPoints>;
}

/** A real store, empty, which comes back whenever it is ended. */
export async function startStore(t: Owner, name: StoreName, pauseMs: () => number): Promise<ChaosStore> {
  const store = name === 'influxdb' ? await startInfluxDB(t) : await startVictoriaMetrics(t);
  let over = false;
  t.teardown(() => {
    over = true;
  });
  let returning = false;
  const comeBack = async () => {
    if (returning) return;
    returning = true;
    for (let back = false; !back && !over; ) {
      await sleep(pauseMs());
      // It may be ended again before it answers.
      if (!over)
        back = await store.restart().then(
          () => true,
          () => false,
        );
    }
    returning = false;
  };
  const isRunning = () => {
    try {
      return process.kill(store.pid, 0);
    } catch {
      return false;
    }
  };
  return {
    port: store.port,
    get pid() {
      return isRunning() ? store.pid : undefined;
    },
    async signal(signal) {
      await until('the store to run', 60_000, isRunning);
      if (signal !== 'SIGKILL' && signal !== 'SIGTERM') {
        process.kill(store.pid, signal);
        return;
      }
      void store.kill(signal).then(comeBack);
    },
    settings: (port) =>
      name === 'influxdb'
        ? `{kind: influxdb1, url: "http://127.0.0.1:${port}", timeout: 3s}`
        : `{kind: victoriametrics, url: "http://127.0.0.1:${port}", timeout: 3s}`,
    points: () => (name === 'influxdb' ? influxPoints(store.url) : victoriaPoints(store.url)),
  };
}

/** Fields that no reading of the run could have, all times included. */
async function victoriaPoints(url: string): Promise<StoredPoints> {
  // Otherwise new samples take about a second to be found.
  await (await fetch(`${url}/internal/force_flush`)).arrayBuffer();
  const points = new Map<string, Map<number, number[]>>();
  for (const { field } of COMPARED) {
    const end = (Date.now() + 7_200_000) / 1000;
    const query = new URLSearchParams({ 'match[]': `electricity_${field}`, start: '0', end: String(end) });
    const response = await fetch(`${url}/api/v1/export?${query}`);
    if (!response.ok) throw new Error(`exporting ${field}: answered ${response.status}`);
    const series = (await response.text())
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { timestamps: number[]; values: number[] });
    points.set(
      field,
      collect(series.flatMap(({ timestamps, values }) => timestamps.map((time, at) => [time, values[at]]))),
    );
  }
  return points;
}

async function influxPoints(url: string): Promise<StoredPoints> {
  const points = new Map<string, Map<number, number[]>>();
  for (const { field } of COMPARED) {
    const query = new URLSearchParams({
      db: 'wattdog',
      epoch: 'ms',
      q: `SELECT "${field}" FROM electricity`,
    });
    const response = await fetch(`${url}/query?${query}`);
    if (!response.ok) throw new Error(`querying ${field}: answered ${response.status}`);
    const answer = (await response.json()) as {
      results: { series?: { values: [number, number | null][] }[] }[];
    };
    const [series] = answer.results[0]?.series ?? [];
    points.set(field, collect(series?.values ?? []));
  }
  return points;
}

function collect(samples: Iterable<readonly (number | null | undefined)[]>): Map<number, number[]> {
  const byTime = new Map<number, number[]>();
  for (const [time, value] of samples) {
    if (typeof time !== 'number' || typeof value !== 'number') continue;
    const values = byTime.get(time);
    if (values) values.push(value);
    else byTime.set(time, [value]);
  }
  return byTime;
}
