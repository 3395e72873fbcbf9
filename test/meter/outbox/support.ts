import { Outbox, type OutboxOptions } from '../../../meter/outbox/outbox.ts';
import type { Reading } from '../../../shared/wire.ts';
import { testReading, unnumbered } from '../../support/readings.ts';
import { silentLog } from '../../support/system.ts';

const DAY = 24 * 3600 * 1000;

export function openOutbox(path: string, options: Partial<OutboxOptions> = {}): Outbox {
  return new Outbox(path, { size: 1e9, age: 30 * DAY, log: silentLog, ...options });
}

/** Appends readings 1.2 s apart, each a kWh more than the last. */
export function fill(outbox: Outbox, count: number): Reading[] {
  return Array.from({ length: count }, () => {
    const total = (outbox.account?.energy ?? 0) + 1;
    const { time } = testReading(total);
    return outbox.append(unnumbered({ time, energy: total }), { energy: total, cost: 2 * total });
  });
}

/** All that is pending; settles it on the way. */
export function drain(outbox: Outbox): Reading[] {
  const drained: Reading[] = [];
  for (let batch = outbox.oldest(500); batch.length > 0; batch = outbox.oldest(500)) {
    drained.push(...batch);
    const { epoch = '', seq = 0 } = batch.at(-1) ?? {};
    outbox.settle({ epoch, seq });
  }
  return drained;
}

export const seqs = (readings: Reading[]): number[] => readings.map(({ seq }) => seq);
export const energies = (readings: Reading[]): number[] => readings.map(({ energy }) => energy);
export const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
