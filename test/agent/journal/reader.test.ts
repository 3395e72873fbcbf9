import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { Journal } from '../../../agent/journal/journal.ts';
import { JournalReader } from '../../../agent/journal/reader.ts';
import { testReading } from '../../support/readings.ts';
import { temporaryFolder } from '../../support/system.ts';

test('a journal is read while its agent writes it', (t) => {
  const path = join(temporaryFolder(t), 'journal.db');
  const journal = new Journal(path);
  t.teardown(() => journal.close());
  const time = (seq: number) => Date.parse(testReading(seq).time);
  const append = (seq: number) => journal.append([{ meter: 'main', reading: testReading(seq) }]);
  append(1);
  using reader = new JournalReader(path);
  append(2);
  append(3);
  t.deepEqual(reader.readBetween(time(2), time(9), 0, 10), journal.readAfter(1, 10));
  t.is(reader.countBetween(time(1), time(3)), 2);
  t.is(reader.lastIdBetween(time(1), time(3)), 2);
  t.is(reader.lastIdBetween(time(4), time(9)), 0);
  t.deepEqual(reader.gaps(0, time(9), 10), []);
  t.deepEqual(reader.deadLetters(10), []);
  t.is(reader.rollups('day', 0, time(9)).length, 1);
});

test('what is no journal is refused, and nothing is made where there is none', (t) => {
  const folder = temporaryFolder(t);
  t.throws(() => new JournalReader(join(folder, 'none.db')), { message: /unable to open/ });
  new DatabaseSync(join(folder, 'other.db')).close();
  t.throws(() => new JournalReader(join(folder, 'other.db')), {
    message: /must be of version 1 to 2, got 0/,
  });
});
