import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { type Arrival, Journal } from '../../agent/journal.ts';
import { testReading } from '../support/readings.ts';
import { temporaryFolder } from '../support/system.ts';

const WRITER = join(import.meta.dirname, '../support/journal-writer.ts');

function openJournal(t: ExecutionContext, path = ':memory:'): Journal {
  const journal = new Journal(path);
  t.teardown(() => journal.close());
  return journal;
}

const arrive = (...seqs: number[]): Arrival[] =>
  seqs.map((seq) => ({ meter: 'main', reading: testReading(seq) }));

test('a reading is held once, whichever way and however often it comes', (t) => {
  const journal = openJournal(t);
  t.is(journal.append(arrive(1, 2, 2)), 2);
  t.is(journal.append(arrive(1, 2, 3)), 1);
  t.is(journal.append([{ meter: 'other', reading: testReading(1) }]), 1, 'another meter');
  t.is(journal.append([{ meter: 'main', reading: testReading(1, { epoch: 'e2' }) }]), 1, 'another epoch');
  t.is(journal.lastId(), 5);
});

test('the watermark has no hole below it, unless the meter says that nothing will come', (t) => {
  const journal = openJournal(t);
  t.is(journal.watermark('main', 'e1'), undefined);
  journal.append(arrive(2, 3));
  t.is(journal.watermark('main', 'e1'), undefined, 'the first is missing');
  journal.append(arrive(1));
  t.deepEqual(journal.watermark('main', 'e1'), { epoch: 'e1', seq: 3 });
  journal.append(arrive(7, 8));
  t.is(journal.watermark('main', 'e1')?.seq, 3);
  journal.append([], [{ meter: 'main', epoch: 'e1', seq: 5 }]);
  t.is(journal.watermark('main', 'e1')?.seq, 5, 'the floor');
  journal.append(arrive(6));
  t.is(journal.watermark('main', 'e1')?.seq, 8);
  journal.append(arrive(6), [{ meter: 'main', epoch: 'e1', seq: 2 }]);
  t.is(journal.watermark('main', 'e1')?.seq, 8, 'never back');
});

test('a floor joins what was held above it', (t) => {
  const journal = openJournal(t);
  journal.append(arrive(5, 6));
  journal.append(arrive(3, 4), [{ meter: 'main', epoch: 'e1', seq: 4 }]);
  t.is(journal.watermark('main', 'e1')?.seq, 6);
});

test('whatever the order and the commits, the watermark is the contiguous prefix and each is held once', (t) => {
  const commits = fc.array(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 8 }), { maxLength: 15 });
  fc.assert(
    fc.property(commits, (commits) => {
      const journal = new Journal(':memory:');
      const held = new Set<number>();
      for (const seqs of commits) {
        const before = held.size;
        for (const seq of seqs) held.add(seq);
        t.is(journal.append(arrive(...seqs)), held.size - before);
        let prefix = 0;
        while (held.has(prefix + 1)) prefix += 1;
        t.is(journal.watermark('main', 'e1')?.seq ?? 0, prefix);
      }
      const seqs = journal.readAfter(0, 100).map(({ reading }) => reading.seq);
      t.deepEqual(new Set(seqs), held);
      t.is(seqs.length, held.size);
      journal.close();
    }),
    { numRuns: 100 },
  );
});

test('the watermark of each meter’s latest epoch is known', (t) => {
  const journal = openJournal(t);
  journal.append(arrive(1, 2, 3));
  journal.append([{ meter: 'garage', reading: testReading(1) }]);
  journal.append([{ meter: 'main', reading: testReading(1, { epoch: 'e2' }) }]);
  t.deepEqual(journal.watermarks(), [
    { meter: 'garage', epoch: 'e1', seq: 1 },
    { meter: 'main', epoch: 'e2', seq: 1 },
  ]);
});

test('no two entries of a meter share a millisecond, for a store would overwrite one', (t) => {
  const journal = openJournal(t);
  const { time } = testReading(1);
  const stuck = [1, 2, 3].map((seq) => ({ meter: 'main', reading: testReading(seq, { time }) }));
  journal.append([...stuck, { meter: 'other', reading: testReading(1, { time }) }]);
  const first = Date.parse(time);
  t.deepEqual(
    journal.readAfter(0, 10).map(({ meter, reading }) => [meter, Date.parse(reading.time) - first]),
    [
      ['main', 0],
      ['main', 1],
      ['main', 2],
      ['other', 0],
    ],
  );
});

test('entries are read in the order of arrival, and a cursor says how far', (t) => {
  const path = join(temporaryFolder(t), 'deep', 'journal.db');
  const journal = new Journal(path);
  journal.append(arrive(3, 1));
  journal.append(arrive(2));
  t.deepEqual(
    journal.readAfter(0, 2).map(({ id, reading }) => [id, reading.seq]),
    [
      [1, 3],
      [2, 1],
    ],
  );
  t.deepEqual(journal.readAfter(2, 10), [{ id: 3, meter: 'main', reading: testReading(2) }]);
  t.is(journal.cursor('store'), 0);
  journal.saveCursor('store', 2);
  journal.saveCursor('store', 3);
  journal.close();
  const again = openJournal(t, path);
  t.is(again.cursor('store'), 3);
  t.is(again.cursor('another'), 0);
  t.is(again.lastId(), 3);
  t.is(again.watermark('main', 'e1')?.seq, 3);
});

test('who waits for more is woken by new entries, not by repetitions', async (t) => {
  const journal = openJournal(t);
  const stop = new AbortController();
  journal.append(arrive(1));
  await journal.grown(0, stop.signal);
  let grown = 0;
  const waiting = journal.grown(1, stop.signal).then(() => {
    grown += 1;
  });
  journal.append(arrive(1));
  await new Promise((resolve) => setImmediate(resolve));
  t.is(grown, 0);
  journal.append(arrive(2));
  await waiting;
  stop.abort();
  await journal.grown(99, stop.signal);
  t.pass();
});

test('a commit that fails keeps nothing of itself, and the next one works', (t) => {
  const path = join(temporaryFolder(t), 'journal.db');
  const journal = openJournal(t, path);
  journal.append(arrive(1));
  const other = new DatabaseSync(path);
  t.teardown(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  t.throws(() => journal.append(arrive(2)), { message: /locked/ });
  other.exec('ROLLBACK');
  const broken = testReading(3, { time: 'never' });
  t.throws(() => journal.append([...arrive(2), { meter: 'main', reading: broken }]));
  t.is(journal.lastId(), 1);
  t.is(journal.watermark('main', 'e1')?.seq, 1);
  t.is(journal.append(arrive(2, 3)), 2);
  t.is(journal.watermark('main', 'e1')?.seq, 3);
});

test('a full disk: it throws, keeps nothing of that call and all of those before', async (t) => {
  const path = join(temporaryFolder(t), 'journal.db');
  // A limit on the size of a file is as good as a full disk, and needs no disk of its own.
  const limited = 'trap "" XFSZ; ulimit -f 400; exec "$@"';
  const writer = spawn('sh', ['-c', limited, 'sh', process.execPath, WRITER, path, '50']);
  const [printed, said] = await Promise.all([text(writer.stdout), text(writer.stderr)]);
  t.regex(said, /full|I\/O/);
  const durable = lastOf(printed);
  t.true(durable >= 50, said);
  const journal = openJournal(t, path);
  t.is(journal.watermark('main', 'e1')?.seq, durable);
  t.is(journal.lastId(), durable);
  journal.append(arrive(durable + 1));
  t.is(journal.watermark('main', 'e1')?.seq, durable + 1);
});

test('kill -9 at any time: every watermark that was told is there, with all below it', async (t) => {
  const path = join(temporaryFolder(t), 'journal.db');
  for (const [round, size] of [1, 3, 50, 1, 7].entries()) {
    const writer = spawn(process.execPath, [WRITER, path, String(size)]);
    t.teardown(() => writer.kill('SIGKILL'));
    const before = existsSync(path) ? countOf(path) : 0;
    const printed = text(writer.stdout);
    await lines(writer, 20 + round * 13);
    writer.kill('SIGKILL');
    const told = lastOf(await printed);
    t.true(told > before);
    const journal = new Journal(path);
    const held = journal.watermark('main', 'e1')?.seq ?? 0;
    t.true(held >= told, `told ${told}, held ${held}`);
    t.is(journal.lastId(), held, 'nothing of a commit that did not end');
    t.is(held % 1, 0);
    journal.close();
  }
});

/** Resolves when the process has printed so many lines. */
async function lines(writer: ChildProcess, count: number): Promise<void> {
  for (let seen = 0; seen < count; ) {
    const [chunk] = (await once(writer.stdout ?? writer, 'data')) as [Buffer];
    seen += String(chunk).split('\n').length - 1;
  }
}

/** Of lines of numbers, the last whole one; 0 when there is none. */
function lastOf(printed: string): number {
  return Number(printed.split('\n').at(-2) ?? 0);
}

function countOf(path: string): number {
  const journal = new Journal(path);
  const count = journal.lastId();
  journal.close();
  return count;
}
