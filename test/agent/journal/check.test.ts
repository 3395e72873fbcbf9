import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { findDamage } from '../../../agent/journal/check.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import { testReading } from '../../support/readings.ts';
import { temporaryFolder } from '../../support/system.ts';

const { signal } = new AbortController();

test('a sound journal, in use: nothing is found', async (t) => {
  const path = join(temporaryFolder(t), 'journal.db');
  const journal = new Journal(path);
  t.teardown(() => journal.close());
  journal.append([{ meter: 'main', reading: testReading(1) }]);
  t.is(await findDamage(path, signal), undefined);
});

test('what cannot be read is said', async (t) => {
  const folder = temporaryFolder(t);
  await t.throwsAsync(findDamage(join(folder, 'none.db'), signal), { message: /unable to open/ });
  writeFileSync(join(folder, 'no.db'), 'no database'.repeat(1000));
  await t.throwsAsync(findDamage(join(folder, 'no.db'), signal), { message: /not a database/ });
});

test('it ends when it is told to', async (t) => {
  const path = join(temporaryFolder(t), 'journal.db');
  new Journal(path).close();
  const stop = new AbortController();
  const checking = findDamage(path, stop.signal);
  stop.abort();
  await t.throwsAsync(checking);
});
