/**
 * Freezes the meter's container of the real deployment, again and again at a random phase, and prints how
 * long it took until the next reading was stored, and where the time went.
 *
 *   node test/bench/heal.ts [rounds]     as root, with dockerd, docker-compose, debootstrap, victoria-metrics, socat
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startDeployment } from '../support/deployment.ts';
import { startEngine } from '../support/engine.ts';
import { buildImage, importDebootstrapBase, importVictoriaMetrics } from '../support/engine-image.ts';
import { until } from '../support/system.ts';
import { print, quantile, teardownStack } from './report.ts';

const CADENCE = 1200;
const METRIC = 'electricity_power_watts';
/** ms after the agent's start in which silence convicts nobody. */
const GRACE = 31_000;

const rounds = Number(process.argv[2] ?? 10);
const { t, end } = teardownStack();
const engine = await startEngine();
t.teardown(engine.stop);
try {
  await importDebootstrapBase(engine);
  await importVictoriaMetrics(engine, 'v1.115.0');
  await buildImage(engine, 'wattdog');
  const home = await startDeployment(t, engine, CADENCE);
  const agent = await home.container('agent');
  const log = async (since: number) =>
    (await engine.docker('logs', '--since', new Date(since).toISOString(), agent)).split('\n');
  await until('the cadence to be learned', 120_000, async () =>
    (await log(0)).some((line) => line.includes('healthy:')),
  );

  const results: Record<'total' | 'detect' | 'stop' | 'start' | 'first', number[]> = {
    total: [],
    detect: [],
    stop: [],
    start: [],
    first: [],
  };
  for (let round = 1; round <= rounds; round++) {
    // A new agent has a new ladder: without this, each round would wait for the back-off of the one before.
    await engine.docker('restart', '--time', '5', agent);
    await sleep(GRACE + Math.random() * CADENCE);
    const frozen = Date.now();
    process.kill(await home.pid('meter'), 'SIGSTOP');
    const stored = await until('the next stored reading', 60_000, async () =>
      (await home.times(METRIC)).find((time) => time > frozen + 2 * CADENCE),
    );
    const lines = await log(frozen - 1000);
    const stalled = lines.map((line) =>
      line.includes('stalled:') ? Date.parse((JSON.parse(line) as { time: string }).time) : 0,
    );
    const detect = Math.max(...stalled) - frozen;
    const [, stop = 0, start = 0] = (/\(kill (\d+) ms, start (\d+) ms\)/.exec(lines.join('\n')) ?? []).map(
      Number,
    );
    const total = stored - frozen;
    const parts = { total, detect, stop, start, first: total - detect - stop - start };
    for (const [part, ms] of Object.entries(parts)) results[part as keyof typeof results].push(ms);
    print(`round ${round}: ${JSON.stringify(parts)} ms`);
    await until('the recovery', 30_000, async () =>
      (await log(frozen)).some((line) => line.includes('recovered;')),
    );
  }
  for (const [part, values] of Object.entries(results))
    print(`${part.padEnd(6)} p50 ${quantile(values, 0.5)} ms, worst ${Math.max(...values)} ms`);
} finally {
  await end();
}
