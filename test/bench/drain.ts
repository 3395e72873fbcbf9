/**
 * How fast a backlog drains from the journal into a store while live readings go on, next to how fast the
 * same line protocol enters the same store from files: the real agent as a process, VictoriaMetrics and
 * InfluxDB 1.x. Prints rates, their ratio, the agent's memory and the worst delay of a live reading.
 *
 *   npm run build && node test/bench/drain.ts [readings]     with victoria-metrics, influxd and curl
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { type Arrival, Journal } from '../../agent/journal/journal.ts';
import { lineProtocol } from '../../agent/stores/line-protocol.ts';
import { meterTopics } from '../../shared/wire.ts';
import { testReading } from '../support/readings.ts';
import { type RunningStore, startInfluxDB, startVictoriaMetrics } from '../support/stores.ts';
import { freePort, type Owner, temporaryFolder, until } from '../support/system.ts';
import { print, teardownStack } from './report.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const entry = new URL('../../dist/wattdog.js', import.meta.url).pathname;
/** Readings of one request, as is the default of the settings. */
const BATCH = 5000;
const CADENCE_MS = 1200;
const FIRST_MS = Date.now() - (count + 100) * CADENCE_MS;

/** A store under test. */
interface Subject {
  name: string;
  /** Its entry in `agent.stores`. */
  settings: string;
  store: RunningStore;
  /** Where line protocol is posted. */
  writeUrl: string;
  /** How many readings of a meter it holds. */
  held(meter: string): Promise<number>;
  /** The power of a meter's newest reading. */
  newest(meter: string): Promise<number>;
}

async function victoriaMetrics(t: Owner): Promise<Subject> {
  const store = await startVictoriaMetrics(t);
  const { url } = store;
  const query = async (promql: string) => {
    const parameters = new URLSearchParams({ query: promql, nocache: '1', latency_offset: '1ms' });
    const answer = (await (await fetch(`${url}/api/v1/query?${parameters}`)).json()) as {
      data: { result: { value: [number, string] }[] };
    };
    return Number(answer.data.result[0]?.value[1] ?? 0);
  };
  return {
    name: 'VictoriaMetrics',
    store,
    settings: `{kind: victoriametrics, url: "${url}"}`,
    writeUrl: `${url}/write?precision=ms`,
    held: (meter) => query(`count_over_time(electricity_power_watts{meter="${meter}"}[90d])`),
    newest: (meter) => query(`electricity_power_watts{meter="${meter}"}`),
  };
}

async function influxDB(t: Owner): Promise<Subject> {
  const influx = await startInfluxDB(t);
  await influx.query('CREATE DATABASE home');
  const select = async (what: string, meter: string) => {
    const [series] = await influx.query(
      `SELECT ${what}(power_watts) FROM electricity WHERE meter = '${meter}'`,
      'home',
    );
    return Number(series?.values[0]?.[1] ?? 0);
  };
  return {
    name: 'InfluxDB 1.x',
    store: influx,
    settings: `{kind: influxdb1, url: "${influx.url}", database: home}`,
    writeUrl: `${influx.url}/write?db=home&precision=ms`,
    held: (meter) => select('count', meter),
    newest: (meter) => select('last', meter),
  };
}

/** Readings as a panel of two phases gives them: noise in every value, so that they do not compress too well. */
function* batches(): Generator<Arrival[]> {
  let energy = 12_000;
  const noisy = (seq: number, prime: number) => ((seq * prime) % 9973) / 1000;
  for (let first = 1; first <= count; first += BATCH) {
    yield Array.from({ length: Math.min(BATCH, count + 1 - first) }, (_, index) => {
      const seq = first + index;
      const [current_1, current_2] = [noisy(seq, 7919), noisy(seq, 6101)];
      const power = 120 * (current_1 + current_2);
      const interval_energy = (power * 1.2) / 3_600_000;
      energy += interval_energy;
      const reading = testReading(seq, {
        ...{ current_1, current_2, power, apparent_power: power },
        ...{ interval_energy, energy, interval_cost: interval_energy / 4, cost: energy / 4 },
        time: new Date(FIRST_MS + seq * CADENCE_MS).toISOString(),
        tariff: seq % 40_000 < 20_000 ? 'on-peak' : 'off-peak',
      });
      return { meter: 'main', reading };
    });
  }
}

/** One curl, one connection, one request a batch, as plain text. */
async function peer(t: Owner, { writeUrl, held }: Subject): Promise<number> {
  const folder = temporaryFolder(t);
  const requests = [...batches()].map((arrivals, index) => {
    const path = join(folder, `${index}`);
    writeFileSync(path, `${arrivals.flatMap((arrival) => lineProtocol(arrival, 'default')).join('\n')}\n`);
    return `url = "${writeUrl}"\ndata-binary = "@${path}"\nfail\nsilent\n`;
  });
  const config = join(folder, 'requests');
  writeFileSync(config, requests.join('next\n'));
  const started = performance.now();
  const curl = spawn('curl', ['--config', config], { stdio: 'inherit' });
  const [code] = await once(curl, 'exit');
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`curl ended with ${code}`);
  await until('all of the peer', 60_000, async () => (await held('main')) === count);
  return count / seconds;
}

async function drain(t: Owner, subject: Subject) {
  const folder = temporaryFolder(t);
  const journal = new Journal(join(folder, 'journal.db'));
  for (const arrivals of batches()) journal.append(arrivals);
  journal.close();

  // A series that is new takes VictoriaMetrics seconds to be found; the household's is not.
  const old = testReading(1, { time: new Date(Date.now() - 60_000).toISOString(), power: 0.5 });
  const first = lineProtocol({ meter: 'live', reading: old }, 'default').join('\n');
  await fetch(subject.writeUrl, { method: 'POST', body: first });
  await until('the live series', 60_000, async () => (await subject.newest('live')) === 0.5);

  const [port, http] = [await freePort(), await freePort()];
  const load = readFileSync('/proc/loadavg', 'utf8').slice(0, 4);
  const agent = spawn(
    process.execPath,
    [
      ...process.execArgv,
      entry,
      'agent',
      ...['--data', folder],
      ...['--broker.port', String(port)],
      ...['--agent.http.port', String(http)],
      ...['--agent.stores', `[${subject.settings}]`],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  t.teardown(async () => {
    agent.kill();
    if (agent.exitCode === null) await once(agent, 'exit');
  });
  const metric = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
    return Number(new RegExp(`^wattdog_store_${name}.*? (\\d+)$`, 'm').exec(text)?.[1]);
  };
  const lag = () => metric('lag_readings');
  const waiting = await until('the agent', 20_000, lag);
  const started = performance.now();
  const drained = (async () => {
    // Rarely, for the question costs the agent too.
    while ((await lag()) > 1) await sleep(250);
    return (performance.now() - started) / 1000;
  })();

  const meter = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
  t.teardown(() => meter.endAsync(true));
  const publish = async (seq: number) => {
    const reading = testReading(seq, { time: new Date().toISOString(), power: seq });
    await meter.publishAsync(meterTopics('live').reading, JSON.stringify(reading), { qos: 1 });
  };
  let done = false;
  let seq = 0;
  const publishing = (async () => {
    const delays: number[] = [];
    while (!done) {
      const published = performance.now();
      seq += 1;
      await publish(seq);
      // Not asked more often, for the questions cost the store what it should spend on the backlog.
      while ((await subject.newest('live')) !== seq) await sleep(100);
      delays.push(performance.now() - published);
      await sleep(Math.max(0, 1000 - (performance.now() - published)));
    }
    return Math.max(...delays);
  })();
  const seconds = await drained;
  done = true;
  const worst = await publishing;
  const [peak = '?'] = /(?<=VmHWM:\s+)\d+/.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8')) ?? [];
  await until('all of the backlog', 60_000, async () => (await subject.held('main')) === count);

  /** Milliseconds from the store's return until it has taken a reading that waited. */
  const recovery = async (returns: () => unknown) => {
    const before = await metric('written_total');
    seq += 1;
    await publish(seq);
    await sleep(4000);
    await returns();
    const returned = performance.now();
    while ((await metric('written_total')) === before) await sleep(10);
    return performance.now() - returned;
  };
  process.kill(subject.store.pid, 'SIGSTOP');
  const thawed = await recovery(() => process.kill(subject.store.pid, 'SIGCONT'));
  await subject.store.kill();
  const restarted = await recovery(() => subject.store.restart());
  const megabytes = Math.round(Number(peak) / 1024);
  return { rate: waiting / seconds, worst, megabytes, load, thawed, restarted };
}

async function inTurn<T>(work: (t: Owner) => Promise<T>): Promise<T> {
  const { t, end } = teardownStack();
  try {
    return await work(t);
  } finally {
    await end();
  }
}

for (const start of [victoriaMetrics, influxDB]) {
  const plain = await inTurn(async (t) => peer(t, await start(t)));
  const { name, ours } = await inTurn(async (t) => {
    const subject = await start(t);
    return { name: subject.name, ours: await drain(t, subject) };
  });
  print(
    `${name}: ${count} readings at ${Math.round(ours.rate)}/s, curl of prepared files ${Math.round(plain)}/s, ratio ${(ours.rate / plain).toFixed(2)}`,
  );
  print(
    `  the first reading after 4 s frozen: ${Math.round(ours.thawed)} ms, after 4 s dead and its first answer: ${Math.round(ours.restarted)} ms`,
  );
  print(
    `  agent's peak RSS ${ours.megabytes} MB, worst live reading → queryable ${Math.round(ours.worst)} ms, load before ${ours.load}`,
  );
}
