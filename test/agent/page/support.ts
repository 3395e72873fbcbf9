import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ExecutionContext } from 'ava';
import { Journal } from '../../../agent/journal/journal.ts';
import type { Reading } from '../../../shared/wire.ts';
import { startUp } from '../../cli/support.ts';
import { testReading } from '../../support/readings.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The simulated meter and its agent, which has not to learn how often it sends. */
export async function startHouse(t: ExecutionContext, cwd: string, args: string[] = []) {
  const watch = '{ name: main, topics: [wattdog/main/reading], stall_after: 5s }';
  writeFileSync(join(cwd, 'wattdog.yaml'), `agent: { watches: [${watch}] }`);
  const house = await startUp(t, args, { cwd });
  const page = `http://127.0.0.1:${house.http}/`;
  const api = async (path: string, body?: object) => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    return (await fetch(`${page}api/v1/${path}`, body === undefined ? {} : init)).json() as Promise<never>;
  };
  return { ...house, page, api };
}

/** A zone in which it is about noon: no day ends while a test runs. `month`: when its month began. */
export function noonZone(now: number): { zone: string; midnight: number; month: number } {
  const ahead = 12 - new Date(now).getUTCHours();
  const midnight = Math.floor((now + ahead * HOUR) / DAY) * DAY - ahead * HOUR;
  const local = new Date(midnight + ahead * HOUR);
  const month = Date.UTC(local.getUTCFullYear(), local.getUTCMonth()) - ahead * HOUR;
  // In these names, west is plus.
  return { zone: `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`, midnight, month };
}

/** On a reading that covers so much less. */
const GAP: Partial<Reading> = {
  interval: 210,
  gap_seconds: 90,
  gap_cause: 'port',
  gap_readings: 75,
  gap_energy: 0.0125,
  gap_cost: 0.003,
};

/** A journal with a reading for each five minutes of the days before, under two prices, and a gap. */
export function seedJournal(folder: string, zone: string, from: number, to: number): void {
  mkdirSync(folder, { recursive: true });
  const journal = new Journal(join(folder, 'journal.db'), { zone });
  const readings: Reading[] = [];
  let [energy, cost] = [100, 20];
  for (let time = from + 5 * MINUTE; time <= to; time += 5 * MINUTE) {
    const seq = readings.length + 1;
    const power = 400 + 300 * Math.sin(seq / 17);
    const interval_energy = (power / 1000) * (5 / 60);
    const isPeak = seq % 3 === 0;
    const price = isPeak ? 0.36 : 0.27;
    energy += interval_energy;
    cost += interval_energy * price;
    readings.push(
      testReading(seq, {
        time: new Date(time).toISOString(),
        epoch: 'seed',
        interval: 300,
        power,
        energy,
        interval_energy,
        price,
        cost,
        interval_cost: interval_energy * price,
        quality: 'simulated',
        tariff: isPeak ? 'winter on-peak' : 'winter off-peak',
        ...(seq === 100 ? GAP : {}),
      }),
    );
  }
  journal.append(readings.map((reading) => ({ meter: 'main', reading })));
  journal.close();
}

/** What a journal’s readings add up to, by reading its file without any of our code, of those that ended in (from, to]. */
export function addUp(folder: string, from: number, to: number): { energy: number; cost: number } {
  using database = new DatabaseSync(join(folder, 'journal.db'), { readOnly: true });
  const rows = database.prepare('SELECT body FROM reading WHERE time > ? AND time <= ?').all(from, to);
  const sums = { energy: 0, cost: 0 };
  for (const { body } of rows) {
    const reading = JSON.parse(String(body)) as Reading;
    sums.energy += reading.interval_energy + (reading.gap_energy ?? 0);
    sums.cost += reading.interval_cost + (reading.gap_cost ?? 0);
  }
  return sums;
}

export function newestReading(folder: string): Reading {
  using database = new DatabaseSync(join(folder, 'journal.db'), { readOnly: true });
  const row = database.prepare('SELECT body FROM reading ORDER BY time DESC LIMIT 1').get();
  return JSON.parse(String(row?.body)) as Reading;
}
