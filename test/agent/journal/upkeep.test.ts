import { statSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Arrival, Journal } from '../../../agent/journal/journal.ts';
import { keepJournal } from '../../../agent/journal/upkeep.ts';
import { testReading } from '../../support/readings.ts';
import { silentLog, temporaryFolder } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';

const LARGE = 1e9;
const LONG = 90 * 24 * 3_600_000;

const arrive = (first: number, last: number, meter = 'main'): Arrival[] =>
  Array.from({ length: last - first + 1 }, (_, index) => ({ meter, reading: testReading(first + index) }));

function setUp(t: ExecutionContext, limits: { age: number; size: number }, stores: string[] = []) {
  const path = join(temporaryFolder(t), 'journal.db');
  const time = virtualTime(Date.parse('2026-06-01T00:00:00Z'));
  const journal = new Journal(path, { now: time.now });
  const stop = new AbortController();
  const start = () => {
    const running = keepJournal(
      journal,
      { limits, stores: () => stores },
      { time, log: silentLog },
      stop.signal,
    );
    t.teardown(async () => {
      stop.abort();
      await running;
      journal.close();
    });
  };
  return { path, time, journal, start };
}

const seqs = (journal: Journal, meter = 'main') =>
  journal
    .readAfter(0, 1_000_000)
    .filter((entry) => entry.meter === meter)
    .map(({ reading }) => reading.seq);

test('what is older than the newest of its meter by the given age leaves', async (t) => {
  const { journal, time, start } = setUp(t, { age: 100 * 1200, size: LARGE });
  journal.append([...arrive(1, 3000), ...arrive(1, 50, 'garage')]);
  start();
  await time.advance(1000);
  t.deepEqual([seqs(journal)[0], seqs(journal).length], [2900, 101]);
  t.is(seqs(journal, 'garage').length, 50);
  t.deepEqual([journal.counts.expired, journal.counts.unforwarded], [2899, 0]);
  journal.append(arrive(3001, 3010));
  await time.advance(2000);
  t.is(seqs(journal)[0], 2910, 'and so on');
});

test('what a store has still to be given stays, whatever its age', async (t) => {
  const { journal, time, start } = setUp(t, { age: 1200, size: LARGE }, ['quick', 'away']);
  journal.append(arrive(1, 2000));
  journal.saveCursor('quick', 2000);
  start();
  await time.advance(3000);
  t.is(seqs(journal).length, 2000, 'a new store has got nothing yet');
  journal.saveCursor('away', 1500);
  await time.advance(3000);
  t.is(seqs(journal)[0], 1501);
  t.is(journal.counts.unforwarded, 0);
});

test('a clock that ran ahead, the meter’s or ours, empties nothing', async (t) => {
  const { journal, time, start } = setUp(t, { age: LONG, size: LARGE });
  time.step(Date.parse('2026-01-20T00:00:00Z') - time.now());
  journal.append([...arrive(1, 100), { meter: 'garage', reading: testReading(1) }]);
  journal.append([{ meter: 'main', reading: testReading(101, { time: '2038-01-19T03:14:07Z' }) }]);
  start();
  await time.advance(3000);
  t.is(seqs(journal).length, 101);
  time.step(Date.parse('2038-01-20T00:00:00Z') - time.now());
  await time.advance(3000);
  t.is(seqs(journal, 'garage').length, 1);
});

test('beyond its size the oldest leave, wanted or not, and its space is used again', async (t) => {
  const { journal, path, time, start } = setUp(t, { age: LONG, size: 1_000_000 }, ['away']);
  start();
  let largest = 0;
  for (let seq = 1; seq <= 60_000; seq += 1000) {
    journal.append(arrive(seq, seq + 999));
    await time.advance(1000);
    if (seq === 10_001) largest = statSync(path).size;
  }
  t.true(statSync(path).size < 1.3 * largest, `${largest} then ${statSync(path).size} bytes`);
  t.true(largest < 2_000_000);
  const held = seqs(journal);
  t.true(held.length > 1000);
  t.is(held.at(-1), 60_000);
  t.is(held[0], 60_001 - held.length, 'the newest, without a hole');
  t.is(journal.counts.unforwarded, 60_000 - held.length);
  t.is(journal.watermark('main', 'e1')?.seq, 60_000);
});

test('ids are never given twice, however much has left', async (t) => {
  const { journal, path, time, start } = setUp(t, { age: 1, size: 1 });
  journal.append(arrive(1, 1000));
  start();
  await time.advance(3000);
  t.is(journal.readAfter(0, 10)[0]?.id, 1000, 'the newest stays');
  journal.close();
  const again = new Journal(path);
  t.is(again.lastId(), 1000);
  again.append(arrive(1001, 1001));
  t.is(again.readAfter(1000, 10)[0]?.id, 1001);
  again.close();
});
