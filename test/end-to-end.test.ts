import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ExecutionContext } from 'ava';
import { JournalReader } from '../agent/journal/reader.ts';
import { realTest } from './support/real.ts';
import { startVictoriaMetrics } from './support/stores.ts';
import { freePort, temporaryFolder, until } from './support/system.ts';

/** ms between two lines of the simulated panel. */
const CADENCE = 10;
/** ms; each step takes a second or two where nothing else is done. */
const ENOUGH = 120_000;
/** More than one backlog message holds. */
const BACKLOG = 600;

/** One process of wattdog that can be killed and started again with the same settings. */
function program(t: ExecutionContext, ...args: string[]) {
  let child: ChildProcess | undefined;
  const start = () => {
    child = spawn(process.execPath, ['cli/main.ts', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const end = async (signal: NodeJS.Signals) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  };
  t.teardown(() => end('SIGKILL'));
  start();
  return { start, end };
}

function query(file: string, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

/** The number of the outbox's last reading, in its one epoch. */
const made = (file: string) => Number(query(file, 'SELECT max(id) AS n FROM reading')[0]?.n);
const count = (file: string) => Number(query(file, 'SELECT count(*) AS n FROM reading')[0]?.n);

realTest('victoria-metrics')(
  'from line to stored point, with everything killed on the way: none lost, none twice',
  async (t) => {
    t.timeout(600_000);
    const folder = temporaryFolder(t);
    const store = await startVictoriaMetrics(t);
    const port = await freePort();
    const outbox = join(folder, 'meter', 'outbox-main.db');
    const journal = join(folder, 'agent', 'journal.db');
    const meter = program(
      t,
      ...['meter', '--data', join(folder, 'meter'), '--meter.simulated_cadence', `${CADENCE}ms`],
      // However long its next life takes to begin, what it did not see is estimated, and no gap.
      ...['--mqtt.url', `mqtt://127.0.0.1:${port}`, '--meter.max_gap', '10m'],
    );
    await until('a backlog', ENOUGH, () => count(outbox) > BACKLOG);

    const agent = program(
      t,
      ...['agent', '--data', join(folder, 'agent'), '--broker.port', String(port), '--agent.http.port', '0'],
      ...['--agent.stores', `[{kind: victoriametrics, url: "${store.url}"}]`],
    );
    await until('the backlog in the journal', ENOUGH, () => count(journal) >= made(outbox) - 50);
    await agent.end('SIGKILL');
    agent.start();
    await store.kill();
    await meter.end('SIGKILL');
    meter.start();
    const before = count(journal);
    await until('the journal to go on', ENOUGH, () => count(journal) > before + 50);
    await store.restart();
    await agent.end('SIGTERM');
    await meter.end('SIGTERM');
    agent.start();
    meter.start();
    await until('the outbox to drain', ENOUGH, () => count(journal) >= made(outbox) - 50);
    await meter.end('SIGTERM');
    const last = made(outbox);
    meter.start();
    await until('every reading in the journal', ENOUGH, () => count(journal) >= last);
    await meter.end('SIGTERM');

    using reader = new JournalReader(journal);
    // What was on its way when the meter ended may still come into both.
    const { readings, points } = await until('every reading in the store', ENOUGH, async () => {
      const readings = reader
        .readBetween(0, Number.MAX_SAFE_INTEGER, 0, 1_000_000)
        .map(({ reading }) => reading)
        .toSorted((a, b) => a.seq - b.seq);
      const [series] = await store.samples('electricity_energy_kilowatthours');
      const points = series?.samples ?? [];
      if (points.length !== readings.length)
        throw new Error(`${points.length} points of ${readings.length} readings`);
      return { readings, points };
    });
    t.deepEqual(
      readings.map(({ seq }) => seq),
      readings.map((_reading, index) => index + 1),
      'each number once, from 1 on',
    );
    t.is(new Set(readings.map(({ epoch }) => epoch)).size, 1);
    const sum = readings.reduce((total, { interval_energy }) => total + interval_energy, 0);
    const [first, newest] = [readings[0], readings.at(-1)];
    t.true(
      Math.abs(sum - (newest?.energy ?? 0)) < 1e-9 * readings.length,
      'the intervals add up to the total',
    );
    const away = Date.parse(newest?.time ?? '') - Date.parse(first?.time ?? '');
    const metered = readings.reduce((total, { interval }) => total + interval, 0) * 1000;
    t.true(Math.abs(metered - away) < 100, 'no moment is unmetered, the reader’s deaths included');
    t.deepEqual(
      points.map(([, energy]) => energy),
      readings.map(({ energy }) => energy),
    );
  },
);
