import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { JournalReader } from '../../../agent/journal/reader.ts';
import type { Reading } from '../../../shared/wire.ts';
import type { Board } from '../../support/avr.ts';
import { freePort, type Owner, temporaryFolder, until } from '../../support/system.ts';

/** Volts of both phases, the meter's default. */
export const VOLTS = 120;
const JOULES_PER_KWH = 3_600_000;
/** Long enough for any machine. */
export const ENOUGH = 60_000;

export interface Household {
  /** All that the agent's journal holds, in the meter's order. */
  readings(): Reading[];
  /** Ends the meter's process as a crash or an order would. */
  endMeter(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again, with the same data. */
  startMeter(): void;
}

/** The real meter on the board's port, and the real agent with its journal: two processes. */
export async function startHousehold(t: Owner, board: Board, ...settings: string[]): Promise<Household> {
  const folder = temporaryFolder(t);
  const mqtt = await freePort();
  const journal = join(folder, 'agent', 'journal.db');
  const agent = program('agent', [
    ...['--data', join(folder, 'agent'), '--broker.port', String(mqtt), '--agent.http.port', '0'],
    ...['--agent.watches', '[{name: main, topics: [wattdog/main/reading], heal: false}]'],
  ]);
  const meter = program('meter', [
    ...['--data', join(folder, 'meter'), '--mqtt.url', `mqtt://127.0.0.1:${mqtt}`],
    ...['--meter.port', board.port, '--meter.decoder', 'panel'],
    // The board's time stands still between two commands, however long that takes here.
    ...['--meter.silence', '10m', '--log.level', 'info', ...settings],
  ]);
  t.teardown(() => Promise.all([meter.end('SIGKILL'), agent.end('SIGKILL')]));
  agent.start();
  meter.start();
  await until('the journal', ENOUGH, () => existsSync(journal));
  // While it opens the port, the port forgets what comes; afterwards, nothing is lost.
  await until('the meter to read the port', ENOUGH, () => meter.out().includes('reading the port'));
  return { readings: () => readJournal(journal), endMeter: meter.end, startMeter: meter.start };
}

/** Waits until somebody holds the board's port. */
export async function listening(board: Board): Promise<void> {
  await until('the port to be opened', ENOUGH, async () => (await board.tell('status')).open);
}

/** Whether none is missing up to the last one: what was read before there was a broker comes after what is live. */
export const isWhole = (readings: Reading[]) => readings.at(-1)?.seq === readings.length;

/** Whether there was power, there is none any more, and nothing of it is still on its way. */
export const isOver = (readings: Reading[]) =>
  isWhole(readings) && readings.at(-1)?.power === 0 && readings.some(({ power }) => power > 0);

/** kWh of all readings, those of the gaps between them included. */
export const energyOf = (readings: Reading[]) =>
  readings.reduce((sum, { interval_energy, gap_energy = 0 }) => sum + interval_energy + gap_energy, 0);

/** kWh of a charge in A·s. */
export const energyOfCharge = (charge: readonly number[]) =>
  (charge.reduce((sum, coulombs) => sum + coulombs, 0) * VOLTS) / JOULES_PER_KWH;

function program(name: string, settings: string[]) {
  let child: ChildProcess | undefined;
  let out = '';
  return {
    start() {
      const running = spawn(process.execPath, ['cli/main.ts', name, ...settings], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      running.stdout.on('data', (text) => {
        out += text;
      });
      child = running;
    },
    out: () => out,
    async end(signal: NodeJS.Signals) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}

function readJournal(file: string): Reading[] {
  using reader = new JournalReader(file);
  return reader
    .readBetween(0, Number.MAX_SAFE_INTEGER, 0, 1_000_000)
    .map(({ reading }) => reading)
    .toSorted((a, b) => a.seq - b.seq);
}
