import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import type { Outbox, OutboxOptions } from '../../../meter/outbox/outbox.ts';
import { decodeReading } from '../../../shared/wire.ts';
import { testReading, unnumbered } from '../../support/readings.ts';
import { temporaryFolder, until } from '../../support/system.ts';
import { drain, energies, fill, openOutbox, range, seqs } from './support.ts';

const outboxPath = (t: ExecutionContext) => join(temporaryFolder(t), 'data', 'outbox.db');

function open(t: ExecutionContext, path = outboxPath(t), options: Partial<OutboxOptions> = {}): Outbox {
  const outbox = openOutbox(path, { boot: 'boot 1', ...options });
  t.teardown(() => outbox.close());
  return outbox;
}

/** As a kill would: the file is left as it is. */
function copied(path: string, to: string): void {
  for (const suffix of ['', '-wal']) copyFileSync(path + suffix, to + suffix);
}

test('a new outbox is empty', (t) => {
  const outbox = open(t);
  t.like(outbox.status, { pending: 0, unwritten: 0, errors: 0, dropped: { age: 0, size: 0, memory: 0 } });
  t.is(outbox.account, undefined);
  t.deepEqual(outbox.oldest(10), []);
});

test('it numbers readings from 1 and keeps them, as they go over the wire, in order', (t) => {
  const outbox = open(t);
  const first = outbox.append(unnumbered(), { energy: 1, cost: 2 });
  const second = outbox.append(unnumbered({ power: 7 }), { energy: 3, cost: 4 });
  t.like(first, { seq: 1, power: 360 });
  t.like(second, { epoch: first.epoch, seq: 2, power: 7 });
  t.deepEqual(outbox.oldest(10), [first, second]);
  t.deepEqual(outbox.oldest(1), [first]);
  t.deepEqual(decodeReading(Buffer.from(JSON.stringify(second))), second);
  t.not(open(t).append(unnumbered(), { energy: 1, cost: 2 }).epoch, first.epoch);
});

test('a restart goes on with numbers, epoch, totals and what is pending', (t) => {
  const path = outboxPath(t);
  const before = open(t, path);
  const [{ epoch } = testReading()] = fill(before, 3);
  const counter = { boot: 1, seq: 2, meteredMs: 3, ampereSeconds: [4, 5] };
  const account = { energy: 0.1 + 0.2, cost: 1 / 3, counter, time: 12345 };
  before.append(unnumbered(), account);
  const kept = before.oldest(10);
  before.close();

  const after = open(t, path);
  t.is(after.pending, 4);
  t.deepEqual(after.oldest(10), kept);
  t.deepEqual(after.account, account);
  t.like(after.append(unnumbered(), { energy: 1, cost: 1 }), { epoch, seq: 5 });
});

test('an emptied outbox goes on counting after a restart, from its newest reading', (t) => {
  const path = outboxPath(t);
  const before = open(t, path);
  const { epoch } = fill(before, 700)[0] ?? testReading();
  before.settle({ epoch, seq: 700 });
  t.is(before.pending, 0);
  before.close();

  const after = open(t, path);
  t.deepEqual(seqs(after.oldest(1000)), [700], 'it carries the totals, and may be sent twice');
  t.deepEqual(after.account, { energy: 700, cost: 1400 });
  after.settle({ epoch, seq: 700 });
  t.is(after.pending, 0);
  t.deepEqual(seqs(fill(after, 1)), [701]);
  t.deepEqual(seqs(after.oldest(10)), [701]);
});

test('a watermark lets go of what is stored, once', (t) => {
  const outbox = open(t);
  const { epoch } = fill(outbox, 5)[0] ?? testReading();
  t.is(outbox.settle({ epoch, seq: 3 }), 'settled');
  t.deepEqual(seqs(outbox.oldest(10)), [4, 5]);
  t.deepEqual(
    [3, 4, 5, 6].map((seq) => outbox.holds({ epoch, seq })),
    [false, true, true, false],
  );
  t.is(outbox.settle({ epoch, seq: 2 }), 'settled');
  t.is(outbox.pending, 2);
  t.is(outbox.settle({ epoch, seq: 5 }), 'settled');
  t.is(outbox.pending, 0);
});

test('settled readings are deleted many at a time, and those of a killed process at its next settling', (t) => {
  const path = outboxPath(t);
  const rows = () => {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return database.prepare('SELECT count(*) AS count FROM reading').get()?.count;
    } finally {
      database.close();
    }
  };
  const outbox = open(t, path);
  const { epoch } = fill(outbox, 600)[0] ?? testReading();
  outbox.settle({ epoch, seq: 499 });
  t.is(rows(), 600);
  outbox.settle({ epoch, seq: 500 });
  t.is(rows(), 100);
  outbox.settle({ epoch, seq: 599 });
  t.is(rows(), 100);

  const copy = `${path}.copy`;
  copied(path, copy);
  const killed = open(t, copy);
  t.is(killed.pending, 100);
  killed.settle({ epoch, seq: 599 });
  t.is(killed.pending, 1);
  outbox.close();
  t.is(rows(), 1);
});

test('a watermark of another epoch lets go of nothing', (t) => {
  const outbox = open(t);
  fill(outbox, 5);
  t.is(outbox.settle({ epoch: 'another', seq: 5 }), 'foreign');
  t.is(outbox.settle({ epoch: 'another', seq: 500 }), 'foreign');
  t.is(outbox.pending, 5);
});

test('an older copy of the file takes a new epoch when the journal turns out to hold more', (t) => {
  const path = outboxPath(t);
  const original = open(t, path);
  const { epoch } = fill(original, 5)[0] ?? testReading();
  original.settle({ epoch, seq: 2 });
  original.close();
  const copyPath = `${path}.copy`;
  copyFileSync(path, copyPath);

  const copy = open(t, copyPath);
  t.is(copy.settle({ epoch, seq: 6 }), 'renewed');
  const renewed = copy.oldest(10);
  t.not(renewed[0]?.epoch, epoch);
  t.deepEqual(seqs(renewed), [1, 2, 3]);
  t.deepEqual(energies(renewed), [3, 4, 5]);
  t.is(copy.settle({ epoch, seq: 6 }), 'foreign');
  t.like(fill(copy, 1), [{ epoch: renewed[0]?.epoch, seq: 4 }]);
  copy.close();
  const again = open(t, copyPath).oldest(10);
  t.deepEqual(again.slice(0, 3), renewed);
  t.deepEqual(seqs(again), [1, 2, 3, 4]);
});

test('an older copy without pending readings numbers the next in a new epoch', (t) => {
  const outbox = open(t);
  const { epoch } = fill(outbox, 5)[0] ?? testReading();
  outbox.settle({ epoch, seq: 5 });
  t.is(outbox.settle({ epoch, seq: 6 }), 'renewed');
  const [next] = fill(outbox, 1);
  t.is(next?.seq, 1);
  t.not(next?.epoch, epoch);
  t.is(outbox.settle({ epoch, seq: 6 }), 'settled');
  t.is(outbox.pending, 1);
});

test('beyond its size the oldest go, counted and said once', (t) => {
  const path = outboxPath(t);
  const said: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void said.push(line) });
  const outbox = open(t, path, { size: 1_000_000, log });
  fill(outbox, 6000);
  const { pending, bytes, dropped } = outbox.status;
  t.true(bytes <= 1_000_000 && bytes > 700_000, `${bytes}`);
  t.is(pending + dropped.size, 6000);
  t.true(dropped.size >= 1000);
  t.is(said.length, 1);
  t.deepEqual(energies(drain(outbox)), range(dropped.size + 1, 6000));
});

test('beyond their age readings go, two at most for each new one', (t) => {
  const outbox = open(t, undefined, { age: 12_000 });
  fill(outbox, 30);
  t.like(outbox.status, { pending: 11, dropped: { age: 19 }, oldest: testReading(20).time });
  const append = (time: string) => outbox.append(unnumbered({ time }), { energy: 31, cost: 1 });
  append('2040-01-01T00:00:00.000Z');
  t.like(outbox.status, { pending: 10, dropped: { age: 21 } });
  append(testReading(31).time);
  t.like(outbox.status, { pending: 11, dropped: { age: 21 } });
});

test('what is dropped by age leaves the disk too', (t) => {
  const outbox = open(t, undefined, { age: 12_000 });
  fill(outbox, 2000);
  t.like(outbox.status, { pending: 11, dropped: { age: 1989 } });
  t.true(outbox.status.bytes < 600_000, `${outbox.status.bytes}`);
});

test('whoever waits for a change is woken by readings that come and go', async (t) => {
  const outbox = open(t);
  const { signal } = new AbortController();
  const grown = outbox.changed.next(signal);
  const { epoch } = fill(outbox, 1)[0] ?? testReading();
  await grown;
  const emptied = outbox.changed.next(signal);
  outbox.settle({ epoch, seq: 1 });
  await emptied;
  t.pass();
});

test('kill -9 at any moment: no hole, nothing kept is lost, and the totals are those of the last reading', async (t) => {
  const path = outboxPath(t);
  const writer = join(import.meta.dirname, 'writer.ts');
  let before = 0;
  for (let round = 1; round <= 4; round += 1) {
    const output = join(temporaryFolder(t), 'said');
    const stdout = openSync(output, 'w');
    const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', stdout, 'inherit'] });
    closeSync(stdout);
    t.teardown(() => child.kill('SIGKILL'));
    const closed = once(child, 'close');
    await until('the child to append', 30_000, () => readFileSync(output).length > 2000 * round);
    child.kill('SIGKILL');
    await closed;
    const said = readFileSync(output, 'utf8');

    const outbox = open(t, path);
    const lastSaid = Number(said.split('\n').at(-2));
    const kept = outbox.oldest(1_000_000);
    const last = kept.at(-1);
    t.true(last?.seq === lastSaid || last?.seq === lastSaid + 1, `${lastSaid}, ${last?.seq}`);
    t.true(lastSaid > before);
    t.deepEqual(seqs(kept), range(kept[0]?.seq ?? 0, last?.seq ?? 0));
    t.deepEqual(energies(kept), seqs(kept));
    t.true(kept.length > 3 && kept.length < 1000, 'what was settled is gone, but for a last few');
    t.is(outbox.pending, kept.length);
    t.deepEqual(outbox.account, { energy: last?.seq, cost: (last?.seq ?? 0) / 2 });
    t.is(outbox.status.errors, 0);
    before = lastSaid;
    outbox.close();
  }
});

test('a power cut takes the latest readings: their numbers are not given again, and their watermark takes nothing new', (t) => {
  const path = outboxPath(t);
  const before = open(t, path);
  fill(before, 3);
  const survived = `${path}.survived`;
  copied(path, survived);
  const told = fill(before, 2).at(-1) ?? testReading();

  const after = open(t, survived, { boot: 'boot 2' });
  const fresh = fill(after, 4);
  t.not(fresh[0]?.epoch, told.epoch);
  t.deepEqual(seqs(fresh), [1, 2, 3, 4]);
  t.deepEqual(energies(fresh), [4, 5, 6, 7]);
  t.deepEqual(seqs(after.oldest(10)), [1, 2, 3], 'a batch is of one epoch');
  t.is(after.settle(told), 'settled');
  t.deepEqual(after.oldest(10), fresh);
  after.close();
  const again = open(t, survived, { boot: 'boot 2' });
  t.like(fill(again, 1), [{ epoch: fresh[0]?.epoch, seq: 5 }], 'once a start of the machine');
});

test('live readings of a new epoch are let go of while older ones wait', (t) => {
  const path = outboxPath(t);
  const before = open(t, path);
  const old = fill(before, 3);
  before.close();
  const after = open(t, path, { boot: 'boot 2' });
  const fresh = fill(after, 600);
  after.settle({ epoch: fresh[0]?.epoch ?? '', seq: 599 });
  t.is(after.pending, 4);
  t.deepEqual(after.oldest(10), old);
  after.close();
  const again = open(t, path, { boot: 'boot 2' });
  t.is(again.pending, 4);
  t.deepEqual(drain(again), [...old, ...fresh.slice(-1)]);
});
