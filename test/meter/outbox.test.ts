import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import { Outbox } from '../../meter/outbox.ts';
import { decodeReading } from '../../shared/wire.ts';
import { unnumbered } from '../support/readings.ts';
import { temporaryFolder, until } from '../support/system.ts';

const outboxPath = (t: ExecutionContext) => join(temporaryFolder(t), 'data', 'outbox.db');

function openOutbox(t: ExecutionContext, path = outboxPath(t), limit = 1000, boot = 'boot 1'): Outbox {
  const outbox = new Outbox(path, limit, boot);
  t.teardown(() => {
    try {
      outbox.close();
    } catch {} // The test closed it.
  });
  return outbox;
}

function fill(outbox: Outbox, count: number): void {
  for (let number = 1; number <= count; number += 1) {
    const total = outbox.lastSeq + 1;
    outbox.append(unnumbered({ energy: total }), { energy: total, cost: 2 * total });
  }
}

const seqs = (outbox: Outbox, limit = 1_000_000) => outbox.oldest(limit).map(({ seq }) => seq);

test('a new outbox is empty, and has an epoch of its own', (t) => {
  const outbox = openOutbox(t);
  t.like(outbox, { lastSeq: 0, pending: 0, dropped: 0 });
  t.is(outbox.account(), undefined);
  t.deepEqual(outbox.oldest(10), []);
  t.not(outbox.epoch, openOutbox(t).epoch);
});

test('it numbers readings from 1 and keeps them, as they go over the wire, in order', (t) => {
  const outbox = openOutbox(t);
  const first = outbox.append(unnumbered(), { energy: 1, cost: 2 });
  const second = outbox.append(unnumbered({ power: 7 }), { energy: 3, cost: 4 });
  t.like(first, { epoch: outbox.epoch, seq: 1, power: 360 });
  t.like(second, { epoch: outbox.epoch, seq: 2, power: 7 });
  t.deepEqual(outbox.oldest(10), [first, second]);
  t.deepEqual(outbox.oldest(1), [first]);
  t.deepEqual(decodeReading(Buffer.from(JSON.stringify(second))), second);
});

test('a restart goes on with numbers, epoch, totals and what is pending', (t) => {
  const path = outboxPath(t);
  const before = openOutbox(t, path);
  fill(before, 3);
  const counter = { boot: 1, seq: 2, meteredMs: 3, ampereSeconds: [4, 5] };
  before.append(unnumbered(), { energy: 0.1 + 0.2, cost: 1 / 3, counter, time: 12345 });
  const kept = before.oldest(10);
  before.close();

  const after = openOutbox(t, path);
  t.like(after, { epoch: before.epoch, lastSeq: 4, pending: 4 });
  t.deepEqual(after.oldest(10), kept);
  t.deepEqual(after.account(), { energy: 0.1 + 0.2, cost: 1 / 3, counter, time: 12345 });
  t.is(after.append(unnumbered(), { energy: 1, cost: 1 }).seq, 5);
});

test('an emptied outbox goes on counting after a restart', (t) => {
  const path = outboxPath(t);
  const before = openOutbox(t, path);
  fill(before, 3);
  before.settle({ epoch: before.epoch, seq: 3 });
  before.close();
  const after = openOutbox(t, path);
  t.is(after.pending, 0);
  t.is(after.append(unnumbered(), { energy: 1, cost: 1 }).seq, 4);
  t.deepEqual(seqs(after), [4]);
});

test('a watermark lets go of what is stored, once', (t) => {
  const outbox = openOutbox(t);
  fill(outbox, 5);
  t.is(outbox.settle({ epoch: outbox.epoch, seq: 3 }), 'settled');
  t.deepEqual(seqs(outbox), [4, 5]);
  t.is(outbox.settle({ epoch: outbox.epoch, seq: 2 }), 'settled');
  t.is(outbox.pending, 2);
  t.is(outbox.settle({ epoch: outbox.epoch, seq: 5 }), 'settled');
  t.like(outbox, { pending: 0, lastSeq: 5, dropped: 0 });
});

test('a watermark of another epoch lets go of nothing', (t) => {
  const outbox = openOutbox(t);
  fill(outbox, 5);
  t.is(outbox.settle({ epoch: 'another', seq: 5 }), 'foreign');
  t.is(outbox.settle({ epoch: 'another', seq: 500 }), 'foreign');
  t.like(outbox, { pending: 5, lastSeq: 5 });
});

test('an older copy of the file takes a new epoch when the journal turns out to hold more', (t) => {
  const path = outboxPath(t);
  const original = openOutbox(t, path);
  fill(original, 3);
  original.close();
  const copyPath = `${path}.copy`;
  copyFileSync(path, copyPath);

  const copy = openOutbox(t, copyPath);
  t.is(copy.settle({ epoch: original.epoch, seq: 4 }), 'renewed');
  t.not(copy.epoch, original.epoch);
  t.deepEqual(
    copy.oldest(10).map(({ epoch, seq }) => ({ epoch, seq })),
    [1, 2, 3].map((seq) => ({ epoch: copy.epoch, seq })),
  );
  t.is(copy.settle({ epoch: original.epoch, seq: 4 }), 'foreign');
  copy.close();
  t.is(openOutbox(t, copyPath).epoch, copy.epoch);
});

test('beyond the limit the oldest go, and are counted', (t) => {
  const path = outboxPath(t);
  const outbox = openOutbox(t, path, 4);
  fill(outbox, 6);
  t.like(outbox, { pending: 4, dropped: 2, lastSeq: 6 });
  t.deepEqual(seqs(outbox), [3, 4, 5, 6]);
  outbox.settle({ epoch: outbox.epoch, seq: 4 });
  fill(outbox, 2);
  t.like(outbox, { pending: 4, dropped: 2 });
  outbox.close();

  const stricter = openOutbox(t, path, 2);
  t.is(stricter.pending, 4);
  fill(stricter, 1);
  t.like(stricter, { pending: 2, dropped: 3 });
  t.deepEqual(seqs(stricter), [8, 9]);
});

test('a disk that refuses leaves no hole, no count and no total behind', (t) => {
  const path = outboxPath(t);
  const outbox = openOutbox(t, path, 3);
  fill(outbox, 3);
  const other = new DatabaseSync(path);
  t.teardown(() => other.close());
  for (const [refuse, relent] of [
    ['BEGIN IMMEDIATE', 'ROLLBACK'],
    [
      "CREATE TRIGGER refuse BEFORE DELETE ON reading BEGIN SELECT RAISE(ABORT, 'full'); END",
      'DROP TRIGGER refuse',
    ],
  ] as const) {
    const { lastSeq, dropped } = outbox;
    const account = outbox.account();
    other.exec(refuse);
    for (let tries = 0; tries < 3; tries += 1) t.throws(() => fill(outbox, 1), { message: /locked|full/ });
    other.exec(relent);
    t.like(outbox, { lastSeq, dropped, pending: 3 });
    t.deepEqual(outbox.account(), account);
    fill(outbox, 1);
    t.deepEqual(seqs(outbox), [lastSeq - 1, lastSeq, lastSeq + 1]);
  }
});

test('whoever waits for a change is woken by readings that come and go', async (t) => {
  const outbox = openOutbox(t);
  const { signal } = new AbortController();
  const grown = outbox.changed.next(signal);
  fill(outbox, 1);
  await grown;
  const emptied = outbox.changed.next(signal);
  outbox.settle({ epoch: outbox.epoch, seq: 1 });
  await emptied;
  t.pass();
});

test('kill -9 at any moment: no hole, nothing kept is lost, and the totals are those of the last reading', async (t) => {
  const path = outboxPath(t);
  const writer = join(import.meta.dirname, 'outbox-writer.ts');
  let before = 0;
  for (let round = 1; round <= 4; round += 1) {
    const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => child.kill('SIGKILL'));
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const closed = once(child, 'close');
    await until('the child to append', 30_000, () => said.split('\n').length > 50 * round);
    child.kill('SIGKILL');
    await closed;

    const outbox = new Outbox(path, 1_000_000);
    const lastSaid = Number(said.split('\n').at(-2));
    t.true(outbox.lastSeq === lastSaid || outbox.lastSeq === lastSaid + 1, `${lastSaid}, ${outbox.lastSeq}`);
    t.true(lastSaid > before);
    t.deepEqual(
      seqs(outbox),
      Array.from({ length: outbox.lastSeq }, (_, index) => index + 1),
    );
    t.is(outbox.pending, outbox.lastSeq);
    t.deepEqual(outbox.account(), { energy: outbox.lastSeq, cost: outbox.lastSeq / 2 });
    before = outbox.lastSeq;
    outbox.close();
  }
});

test('a power cut takes the latest readings: their numbers are not given again, and their watermark takes nothing new', (t) => {
  const path = outboxPath(t);
  const before = openOutbox(t, path);
  fill(before, 3);
  before.close();
  const survived = `${path}.survived`;
  copyFileSync(path, survived);
  const lost = openOutbox(t, path);
  fill(lost, 2);
  const told = { epoch: lost.epoch, seq: lost.lastSeq };
  lost.close();

  const after = openOutbox(t, survived, 1000, 'boot 2');
  t.is(after.epoch, told.epoch);
  fill(after, 4);
  t.is(after.settle(told), 'settled');
  t.is(after.pending, 4);
  const first = 3 + 1_000_000 + 1;
  t.deepEqual(seqs(after), [first, first + 1, first + 2, first + 3]);
  after.close();
  const again = openOutbox(t, survived, 1000, 'boot 2');
  t.is(again.lastSeq, first + 3, 'once a start of the machine');
});

test('the limit counts readings, whatever numbers were skipped', (t) => {
  const path = outboxPath(t);
  const before = openOutbox(t, path, 5);
  fill(before, 4);
  before.close();
  const after = openOutbox(t, path, 5, 'boot 2');
  fill(after, 3);
  t.deepEqual(seqs(after), [3, 4, 1_000_005, 1_000_006, 1_000_007]);
  t.like(after, { pending: 5, dropped: 2 });
  after.close();
  const smaller = openOutbox(t, path, 2, 'boot 2');
  fill(smaller, 1);
  t.like(smaller, { pending: 2, dropped: 4 });
});
