/** Real damage to the file of an outbox. */
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import type { Outbox } from '../../../meter/outbox/outbox.ts';
import { temporaryFolder } from '../../support/system.ts';
import { drain, energies, fill, openOutbox, range } from './support.ts';

const PAGE = 512;
const COUNT = 400;

/** The path of a closed outbox with many readings, the first of which are settled. */
function closedOutbox(t: ExecutionContext): { path: string; epoch: string } {
  const path = join(temporaryFolder(t), 'outbox.db');
  const outbox = openOutbox(path);
  const epoch = fill(outbox, COUNT)[0]?.epoch ?? '';
  outbox.close();
  return { path, epoch };
}

function reopened(t: ExecutionContext, path: string): Outbox {
  const outbox = openOutbox(path);
  t.teardown(() => outbox.close());
  return outbox;
}

function overwrite(path: string, bytes: Uint8Array | string, at: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from(bytes), 0, Buffer.byteLength(bytes), at);
}

/** The place of a reading's page in the file. */
function placeOf(path: string, energy: number): number {
  const at = readFileSync(path).indexOf(`"energy":${energy},"cost":${energy * 2}}`);
  return Math.floor(at / PAGE) * PAGE;
}

const asides = (path: string) =>
  readdirSync(dirname(path)).filter((name) => /\.corrupt-[^-]*(-\d)?$/.test(name));

test('a page of zeros in the middle: all but its readings go on, with the totals', (t) => {
  for (const energy of [20, 200, 380]) {
    const { path, epoch } = closedOutbox(t);
    overwrite(path, Buffer.alloc(PAGE), placeOf(path, energy));
    const outbox = reopened(t, path);
    t.is(asides(path).length, 1);
    t.regex(outbox.status.aside ?? '', /corrupt-/);
    t.deepEqual(outbox.account, { energy: COUNT, cost: 2 * COUNT });
    const [next] = fill(outbox, 1);
    t.not(next?.epoch, epoch, 'a damaged file may have lost numbers');
    const kept = drain(outbox);
    t.true(kept.length > COUNT - 20 && kept.length <= COUNT, `${kept.length}`);
    t.true(kept.slice(0, -1).every((reading) => reading.epoch === epoch && reading.seq === reading.energy));
    t.deepEqual(kept.at(-1), next);
    t.is(next?.energy, COUNT + 1);
  }
});

test('damage to the oldest readings of an outbox that made millions before', (t) => {
  const { path } = closedOutbox(t);
  const other = new DatabaseSync(path);
  other.exec('UPDATE epoch SET first = 5000000; UPDATE reading SET id = 6000000 + id');
  other.close();
  overwrite(path, Buffer.alloc(PAGE), placeOf(path, 1));
  const outbox = reopened(t, path);
  const kept = drain(outbox);
  t.true(kept.length > COUNT - 20 && kept.length <= COUNT, `${kept.length}`);
  t.is(kept.at(-1)?.seq, 1_000_001 + COUNT);
});

test('a file that was cut off keeps what is left, and counts on from there', (t) => {
  const { path, epoch } = closedOutbox(t);
  truncateSync(path, placeOf(path, 20));
  const outbox = reopened(t, path);
  const total = outbox.account?.energy ?? 0;
  const kept = drain(outbox);
  t.true(kept.length > 100 && kept.length < COUNT, `${kept.length}`);
  t.true(kept.every((reading) => reading.epoch === epoch && reading.seq === reading.energy));
  t.is(kept.at(-1)?.energy, total);
  t.like(fill(outbox, 1), [{ seq: 1, energy: total + 1 }]);
});

for (const [what, damage] of [
  ['garbage for a header', (path: string) => overwrite(path, Buffer.alloc(100, 0xa5), 0)],
  ['a text file', (path: string) => writeFileSync(path, 'hello\n'.repeat(1000))],
] as const)
  test(`${what}: it is set aside, and a new outbox begun`, (t) => {
    const { path, epoch } = closedOutbox(t);
    damage(path);
    const outbox = reopened(t, path);
    t.is(outbox.pending, 0);
    t.is(asides(path).length, 1);
    const [first] = fill(outbox, 3);
    t.is(first?.seq, 1);
    t.not(first?.epoch, epoch);
    t.like(outbox.status, { errors: 0, pending: 3, unwritten: 0 });
  });

test('an empty file is a new outbox', (t) => {
  const path = join(temporaryFolder(t), 'outbox.db');
  writeFileSync(path, '');
  const outbox = reopened(t, path);
  t.is(outbox.status.aside, undefined);
  fill(outbox, 3);
  t.is(outbox.pending, 3);
});

test('a database of another kind is set aside', (t) => {
  const path = join(temporaryFolder(t), 'outbox.db');
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE reading (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT');
  other.close();
  const outbox = reopened(t, path);
  t.is(asides(path).length, 1);
  fill(outbox, 3);
  t.is(outbox.pending, 3);
});

test('a log of garbage: numbers that it may have held are not given again', (t) => {
  const { path } = closedOutbox(t);
  const before = openOutbox(path);
  const [lost] = fill(before, 1);
  const image = readFileSync(path);
  before.close();
  writeFileSync(path, image);
  writeFileSync(`${path}-wal`, Buffer.alloc(5000, 0xa5));
  const outbox = reopened(t, path);
  t.deepEqual(energies(outbox.oldest(1000)), range(1, COUNT));
  t.like(outbox.account, { energy: COUNT });
  const [next] = fill(outbox, 1);
  t.not(next?.epoch, lost?.epoch);
});

test('a folder in its place is a mistake to be told', (t) => {
  const path = join(temporaryFolder(t), 'outbox.db');
  mkdirSync(path);
  t.throws(() => openOutbox(path), { message: /unable to open/ });
});

test('damage while it runs: nothing throws, the totals go on, and what can be read comes along', (t) => {
  const path = join(temporaryFolder(t), 'outbox.db');
  const outbox = reopened(t, path);
  const [first] = fill(outbox, 6000);
  // In the file by now, and no longer in its cache.
  overwrite(path, Buffer.alloc(40 * PAGE, 0xa5), placeOf(path, 3000));
  overwrite(`${path}-wal`, Buffer.alloc(1000, 0xa5), 0);
  const drained = drain(outbox);
  const next = fill(outbox, 10);
  drained.push(...drain(outbox));
  t.like(outbox.status, { pending: 0, unwritten: 0 });
  t.true(outbox.status.errors > 0);
  t.true(existsSync(outbox.status.aside ?? ''));
  t.deepEqual(energies(next), range(6001, 6010));
  t.not(next[0]?.epoch, first?.epoch);
  const missing = range(1, 6010).filter((energy) => !energies(drained).includes(energy));
  t.true(missing.length > 0 && missing.length < 200, `${missing.length}`);
  t.is(new Set(energies(drained)).size, drained.length, 'none twice');
});

test('a row that makes no sense is damage too', (t) => {
  const path = join(temporaryFolder(t), 'outbox.db');
  const outbox = reopened(t, path);
  const [first] = fill(outbox, 10);
  outbox.settle({ epoch: first?.epoch ?? '', seq: 2 });
  const other = new DatabaseSync(path);
  other.exec(`UPDATE reading SET body = '{"time":' WHERE id = 5`);
  other.close();
  t.deepEqual(energies([...drain(outbox), ...drain(outbox)]), [3, 4, 6, 7, 8, 9, 10]);
  t.true(existsSync(outbox.status.aside ?? ''));
});

test('a newest row that makes no sense costs itself alone', (t) => {
  const { path } = closedOutbox(t);
  const other = new DatabaseSync(path);
  other.exec(`UPDATE reading SET account = '{"energy":' WHERE id = ${COUNT}`);
  other.close();
  const outbox = reopened(t, path);
  t.like(outbox.account, { energy: COUNT - 1 });
  t.deepEqual(energies(drain(outbox)), range(1, COUNT - 1));
});
