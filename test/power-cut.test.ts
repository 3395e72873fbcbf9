import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type Arrival, Journal } from '../agent/journal/journal.ts';
import { decodeWatermark, type Watermark } from '../shared/wire.ts';
import { openClient } from './support/brokers.ts';
import { mountPoweredDisk } from './support/power.ts';
import { findProgram } from './support/programs.ts';
import { diskTest } from './support/real.ts';
import { freePort, temporaryFolder, until } from './support/system.ts';

const CUTS = 3;

/** A process on a machine whose present run has the given name; the kernel's own never changes in a test. */
function onMachine(t: ExecutionContext, bootFile: string, ...args: string[]): ChildProcess {
  const inside = `mount --bind ${bootFile} /proc/sys/kernel/random/boot_id && exec "$@"`;
  const child = spawn(
    findProgram('unshare') ?? 'unshare',
    ['--mount', 'sh', '-c', inside, 'sh', process.execPath, 'cli/main.ts', ...args],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  t.teardown(() => kill(child));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function readJournal(data: string): Arrival[] {
  const journal = new Journal(join(data, 'journal.db'));
  try {
    return journal.readAfter(0, 1_000_000);
  } finally {
    journal.close();
  }
}

diskTest(mountPoweredDisk)(
  'the power goes, again and again: what the watermark covered is there, and no energy is lost',
  async (t) => {
    t.timeout(400_000);
    const disk = mountPoweredDisk(t);
    const bootFile = join(temporaryFolder(t), 'boot_id');
    const port = await freePort();
    const [meterData, agentData] = [join(disk.path, 'meter'), join(disk.path, 'agent')];
    const stored = new Map<string, Watermark>();

    const powerOn = async () => {
      writeFileSync(bootFile, `${randomUUID()}\n`);
      const agent = onMachine(
        t,
        bootFile,
        ...['agent', '--data', agentData, '--broker.port', String(port), '--agent.http.port', '0'],
      );
      const client = await until('the broker', 60_000, () =>
        openClient(t, `mqtt://127.0.0.1:${port}`, 'wattdog/main/stored'),
      );
      const meter = onMachine(
        t,
        bootFile,
        ...['meter', '--data', meterData, '--meter.simulated_cadence', '10ms', '--meter.max_gap', '60s'],
        ...['--mqtt.url', `mqtt://127.0.0.1:${port}`],
      );
      return { client, processes: [agent, meter] };
    };

    for (let cut = 1; cut <= CUTS; cut++) {
      const { client, processes } = await powerOn();
      const watermark = () => client.received.at(-1)?.payload;
      const before = watermark();
      await until('the watermark to move on', 60_000, () => watermark() !== before);
      const from = client.received.length;
      await until('some more', 60_000, () => client.received.length > from + 100 + 37 * cut);
      for (const child of processes) child.kill('SIGSTOP');
      const said = decodeWatermark(Buffer.from(watermark() ?? ''));
      stored.set(said.epoch, said);
      await disk.cutPower(async () => {
        await client.endAsync(true);
        for (const child of processes) await kill(child);
      });
    }

    const { client, processes } = await powerOn();
    await until('readings after the last cut', 30_000, () => client.received.length > 100);
    for (const child of processes) await kill(child);

    const readings = readJournal(agentData).map(({ reading }) => reading);
    for (const { epoch, seq } of stored.values()) {
      const held = readings.filter((reading) => reading.epoch === epoch);
      t.true(
        held.some((reading) => reading.seq === seq),
        `reading ${seq} of ${epoch} was called stored`,
      );
    }
    const keys = new Set(readings.map(({ epoch, seq }) => `${epoch} ${seq}`));
    t.is(keys.size, readings.length);
    // The totals never went back, and every interval in between is accounted for: by its own or a later reading.
    const byTime = readings.toSorted((a, b) => a.time.localeCompare(b.time));
    const [first, last] = [byTime[0], byTime.at(-1)];
    const spans = byTime
      .slice(1)
      .reduce((sum, { interval, gap_seconds = 0 }) => sum + interval + gap_seconds, 0);
    const away = (Date.parse(last?.time ?? '') - Date.parse(first?.time ?? '')) / 1000;
    t.true(Math.abs(spans - away) < 0.5, `${spans} s metered of ${away} s`);
    t.true(byTime.every(({ energy }, index) => energy >= (byTime[index - 1]?.energy ?? 0) - 1e-9));
  },
);
