import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { type Arrival, Journal } from '../../../agent/journal/journal.ts';
import { testReading } from '../../support/readings.ts';
import { temporaryFolder } from '../../support/system.ts';

const WRITER = join(import.meta.dirname, '../../support/journal-writer.ts');

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

test('what has left the journal is not stored again, nor is what its meter gave up', (t) => {
  const journal = openJournal(t);
  journal.append(arrive(1, 2, 3, 4));
  t.is(journal.expire({ age: 1200, size: 1e9 }, []), 2);
  t.is(journal.append(arrive(1, 2, 5)), 1);
  journal.append(arrive(9), [{ meter: 'main', epoch: 'e1', seq: 9 }]);
  t.is(journal.append(arrive(7)), 0);
  t.deepEqual(
    journal.readAfter(0, 10).map(({ reading }) => reading.seq),
    [3, 4, 5, 9],
  );
});

test('entries are found by the time of their readings, in the order of arrival', (t) => {
  const journal = openJournal(t);
  journal.append([...arrive(5, 6, 1, 2), { meter: 'other', reading: testReading(3) }]);
  const between = (from: number, to: number, after = 0, limit = 10) =>
    journal
      .readBetween(Date.parse(testReading(from).time), Date.parse(testReading(to).time), after, limit)
      .map(({ id, reading }) => [id, reading.seq]);
  t.deepEqual(between(2, 6), [
    [1, 5],
    [4, 2],
    [5, 3],
  ]);
  t.deepEqual(between(2, 6, 0, 2).at(-1), [4, 2]);
  t.deepEqual(between(2, 6, 4), [[5, 3]]);
  t.deepEqual(between(2, 6, 5), []);
  t.deepEqual(between(20, 60), []);
  journal.append(arrive(4));
  t.deepEqual(between(2, 6, 5), [[6, 4]], 'what came meanwhile');
});

test('a gap that a reading tells of is kept, and stays when the reading has left', (t) => {
  const journal = openJournal(t);
  const gap = {
    ...{ gap_seconds: 60, gap_cause: 'port' as const, gap_readings: 50, gap_energy: 0.5, gap_cost: 0.1 },
    ...{ gap_estimated_energy: 0.25, gap_estimated_cost: 0.05, gap_export_energy: 2, gap_credit: 0.3 },
  };
  const reading = testReading(100, { interval: 0, interval_energy: 0, interval_cost: 0, ...gap });
  journal.append([...arrive(1), { meter: 'main', reading }, { meter: 'main', reading }]);
  journal.append([...arrive(200)], [{ meter: 'main', epoch: 'e1', seq: 199 }]);
  const end = Date.parse(reading.time);
  const expected = [
    {
      ...{ meter: 'main', start: end - 60_000, end, cause: 'port', readings: 50, energy: 0.5, cost: 0.1 },
      ...{ estimatedEnergy: 0.25, estimatedCost: 0.05, exportEnergy: 2, credit: 0.3 },
    },
  ];
  t.deepEqual(journal.gaps(0, end + 1, 10), expected);
  t.is(journal.expire({ age: 1, size: 1e9 }, []), 2);
  t.deepEqual(journal.gaps(end - 1, end + 1, 10), expected);
  t.deepEqual(journal.gaps(end, end + 1, 10), [], 'it has ended');
  t.deepEqual(journal.gaps(0, end - 60_000, 10), [], 'it has not begun');
  t.is(journal.gaps(0, end + 1, 0).length, 0);
});

test('what a meter has dropped becomes a gap of the reading after it, once that is certain', (t) => {
  const journal = openJournal(t);
  journal.append(arrive(1, 2));
  journal.append(arrive(300), []);
  t.is(journal.gaps(0, Number.MAX_SAFE_INTEGER, 10).length, 0, 'they may still come');
  journal.append(arrive(300, 102, 103, 203, 204), [
    { meter: 'main', epoch: 'e1', seq: 204 },
    { meter: 'main', epoch: 'e1', seq: 103 },
  ]);
  const gaps = journal.gaps(0, Number.MAX_SAFE_INTEGER, 10);
  t.deepEqual(
    gaps.map(({ cause, readings, energy }) => [cause, readings, energy.toFixed(6)]),
    [
      ['dropped', 99, '0.099000'],
      ['dropped', 99, '0.099000'],
    ],
  );
  const carriers = journal.readAfter(0, 100).filter(({ reading }) => reading.gap_cause === 'dropped');
  t.deepEqual(
    carriers.map(({ reading }) => reading.seq),
    [102, 203],
  );
  t.is(journal.watermark('main', 'e1')?.seq, 204);
});

test('dead letters are kept once each, the newest first, so many of each store', (t) => {
  const journal = new Journal(':memory:', { now: () => 5000 });
  t.teardown(() => journal.close());
  journal.append(arrive(1, 2, 3));
  const [first, second, third] = journal
    .readAfter(0, 3)
    .map((entry) => ({ entry, reason: `no ${entry.id}` }));
  if (!first || !second || !third) throw new Error('no entries');
  journal.bury('influxdb', [first, second]);
  journal.bury('influxdb', [second, third]);
  journal.bury('other', [first]);
  t.deepEqual(
    journal.deadLetters(10).map(({ store, id }) => [store, id]),
    [
      ['other', 1],
      ['influxdb', 3],
      ['influxdb', 2],
      ['influxdb', 1],
    ],
  );
  t.deepEqual(journal.deadLetters(1), [
    {
      ...{ store: 'other', id: 1, meter: 'main', time: Date.parse(testReading(1).time), at: 5000 },
      ...{ reason: 'no 1', reading: testReading(1) },
    },
  ]);
  const many = Array.from({ length: 10_000 }, (_, index) => ({
    ...first,
    entry: { ...first.entry, id: 100 + index },
  }));
  journal.bury('influxdb', many);
  t.is(journal.counts.lettersDropped, 3);
  t.is(journal.deadLetters(20_000).length, 10_001);
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
  t.is(journal.rollups('day', 0, Number.MAX_SAFE_INTEGER)[0]?.readings, 3);
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

test('a file of another form, or none, is set aside, and a new journal begun', (t) => {
  for (const content of ['an earlier version', 'garbage']) {
    const folder = temporaryFolder(t);
    const path = join(folder, 'journal.db');
    if (content === 'garbage') writeFileSync(path, content.repeat(1000));
    else {
      const db = new DatabaseSync(path);
      db.exec('CREATE TABLE reading (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO reading VALUES (1, 2)');
      db.close();
    }
    const journal = openJournal(t, path);
    t.is(journal.append(arrive(1)), 1);
    t.is(journal.counts.setAside, 1);
    t.true(readdirSync(folder).some((name) => name.startsWith('journal.db.corrupt-')));
  }
});

test('damage that shows while it runs: set aside, and ids go on, so that no cursor is ahead', (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'journal.db');
  const before = new Journal(path);
  for (let seq = 1; seq <= 20_000; seq += 1000) {
    before.append(arrive(...Array.from({ length: 1000 }, (_, index) => seq + index)));
  }
  before.close();
  const journal = openJournal(t, path);
  journal.saveCursor('store', 20_000);
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(3_000_000, 7), 0, 3_000_000, 4096 * 20);
  closeSync(file);
  const error = t.throws(() => {
    for (let seq = 1; seq < 20_000; seq += 1000) journal.readAfter(seq, 1000);
  });
  t.regex(error?.message ?? '', /malformed/);
  t.is(journal.lastId(), 20_000);
  t.is(journal.trouble, undefined);
  t.is(readdirSync(folder).filter((name) => /^journal\.db\.corrupt-[^-]*$/.test(name)).length, 1);
  journal.saveCursor('store', 19_990);
  journal.close();
  const again = openJournal(t, path);
  t.is(again.append(arrive(20_001)), 1);
  t.is(again.readAfter(19_990, 10)[0]?.id, 19_991);
});

test('damage that no reading has met is found by a look at all of it, after an end that was not orderly', async (t) => {
  const path = join(temporaryFolder(t), 'journal.db');
  const { signal } = new AbortController();
  const before = new Journal(path);
  for (let seq = 1; seq <= 20_000; seq += 1000)
    before.append(arrive(...Array.from({ length: 1000 }, (_, index) => seq + index)));
  before.close();
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(40_960, 7), 0, 40_960, 4096 * 100);
  closeSync(file);
  const orderly = openJournal(t, path);
  await orderly.check(signal);
  t.is(orderly.counts.setAside, 0, 'not looked for after an orderly end');
  orderly.close();
  // A log that is left over is the trace of a process that was killed.
  writeFileSync(`${path}-wal`, '');
  const killed = openJournal(t, path);
  await killed.check(signal);
  t.is(killed.counts.setAside, 1);
  t.is(killed.append(arrive(1)), 1);
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
