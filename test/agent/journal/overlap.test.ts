import { join } from 'node:path';
import test from 'ava';
import { Journal } from '../../../agent/journal/journal.ts';
import { trimOverlap } from '../../../agent/journal/overlap.ts';
import type { Reading } from '../../../shared/wire.ts';
import { testReading } from '../../support/readings.ts';
import { temporaryFolder } from '../../support/system.ts';

const AT = Date.parse('2026-11-01T12:00:00Z');
const at = (seconds: number) => new Date(AT + seconds * 1000).toISOString();

test('an interval that reaches back over earlier readings covers only what they do not', (t) => {
  const before = testReading(900, { time: at(20), energy: 5.02, cost: 1.004 });
  const first = testReading(1, {
    epoch: 'e2',
    time: at(29),
    interval: 29,
    energy: 5.029,
    interval_energy: 0.029,
    cost: 1.0058,
    interval_cost: 0.0058,
  });
  t.like(trimOverlap(before, first), {
    time: at(29),
    interval: 9,
    energy: 5.029,
    interval_energy: 0.009,
    cost: 1.0058,
    interval_cost: 0.0018,
  });
});

const after = testReading(1, {
  epoch: 'e2',
  time: at(100),
  interval: 0,
  energy: 5.1,
  interval_energy: 0,
  cost: 2.1,
  interval_cost: 0,
  gap_seconds: 100,
  gap_cause: 'reader',
  gap_readings: 80,
  gap_energy: 0.1,
  gap_cost: 0.1,
});

test('so does a gap', (t) => {
  const before = testReading(900, { time: at(20), energy: 5.02, cost: 2.02 });
  t.like(trimOverlap(before, after), {
    gap_seconds: 80,
    gap_cause: 'reader',
    gap_readings: 64,
    gap_energy: 0.08,
    gap_cost: 0.08,
    interval: 0,
    interval_energy: 0,
  });
});

test('a gap that was none is gone', (t) => {
  const before = testReading(900, { time: at(100), energy: 5.1, cost: 2.1 });
  const trimmed = trimOverlap(before, after);
  t.is(trimmed.gap_seconds, undefined);
  t.false('gap_energy' in trimmed);
  t.is(trimmed.interval_energy, 0);
});

test('readings that follow each other stay as they are, and so do totals that were begun anew', (t) => {
  const reading = testReading(2, { time: at(1.2), energy: 5.001 });
  for (const before of [
    testReading(1, { time: at(0), energy: 5 }),
    testReading(1, { time: at(0), energy: 4.5 }),
    testReading(1, { time: at(1), energy: 9 }),
    // Of another lineage that happens to be lower: the times do not overlap.
    testReading(1, { time: at(0), energy: 5.0005 }),
  ])
    t.is(trimOverlap(before, reading), reading);
});

test('in the journal it does not matter which of the later readings came first', (t) => {
  const journal = new Journal(join(temporaryFolder(t), 'journal.db'));
  t.teardown(() => journal.close());
  const line = (epoch: string, seq: number, seconds: number, changes: Partial<Reading> = {}) => ({
    meter: 'main',
    reading: testReading(seq, { epoch, time: at(seconds), energy: 5 + seconds / 1000, ...changes }),
  });
  const lasting = (interval: number) => ({ interval, interval_energy: interval / 1000 });
  journal.append([
    line('e1', 1, 0, lasting(0)),
    line('e1', 2, 10, lasting(10)),
    line('e1', 3, 20, lasting(10)),
  ]);
  // The power went at 20 s, and with it all that the meter had written after its first reading.
  journal.append([line('e2', 2, 40, lasting(10))]);
  journal.append([line('e2', 1, 30, lasting(30)), line('e2', 2, 40, lasting(10))]);
  const sum = journal.readAfter(0, 10).reduce((total, { reading }) => total + reading.interval_energy, 0);
  t.is(Math.round(sum * 1e6) / 1e6, 0.04);
});
