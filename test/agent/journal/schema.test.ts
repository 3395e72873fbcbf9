import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { Journal } from '../../../agent/journal/journal.ts';
import { JournalReader } from '../../../agent/journal/reader.ts';
import { testReading } from '../../support/readings.ts';
import { type Owner, temporaryFolder } from '../../support/system.ts';

const ALL = [0, Number.MAX_SAFE_INTEGER] as const;

/** A journal as wattdog 0.1.0 left it: five readings of `main`, one of `garage`, a gap, a dead letter, a cursor. */
function oldJournal(t: Owner): string {
  const path = join(temporaryFolder(t), 'journal.db');
  using db = new DatabaseSync(path);
  db.exec(readFileSync(join(import.meta.dirname, 'journal-0.1.0.sql'), 'utf8'));
  return path;
}

test('a journal of 0.1.0 opens with all that it holds, and goes on', (t) => {
  const path = oldJournal(t);
  const first = new Journal(path, { zone: 'UTC' });
  first.append([
    {
      meter: 'main',
      reading: testReading(6, {
        time: '2026-01-15T13:00:10.000Z',
        ...{ interval: 10, energy: 1.005, interval_energy: 0, power: -720, cost: 0.25125, interval_cost: 0 },
        ...{ export_energy: 0.002, interval_export_energy: 0.002, credit: 0.0002, interval_credit: 0.0002 },
      }),
    },
  ]);
  first.close();
  const journal = new Journal(path, { zone: 'UTC' });
  t.teardown(() => journal.close());
  t.is(journal.counts.setAside, 0);
  t.is(journal.cursor('vm'), 3);
  t.deepEqual(journal.watermark('main', 'e1'), { epoch: 'e1', seq: 6 });
  t.deepEqual(
    journal.readAfter(0, 10).map(({ meter, reading: { seq } }) => `${meter} ${seq}`),
    ['main 1', 'main 2', 'main 3', 'main 4', 'main 5', 'garage 1', 'main 6'],
  );
  t.like(journal.gaps(...ALL, 10), [{ energy: 1, cost: 0.25, exportEnergy: 0, credit: 0 }]);
  t.is(journal.deadLetters(10).length, 1);
  t.like(journal.rollups('day', ...ALL), [
    { meter: 'garage', energy: 0.001, exportEnergy: 0 },
    { meter: 'main', readings: 6, energy: 1.005, cost: 0.25125, exportEnergy: 0.002, credit: 0.0002 },
  ]);
});

test('one that was set aside is read as it is', (t) => {
  const path = oldJournal(t);
  using reader = new JournalReader(path);
  t.is(reader.readBetween(...ALL, 0, 10).length, 6);
  t.like(reader.gaps(...ALL, 10), [{ energy: 1, exportEnergy: 0 }]);
  t.like(reader.rollups('day', ...ALL), [{ meter: 'garage' }, { energy: 1.005, exportEnergy: 0, credit: 0 }]);
});
