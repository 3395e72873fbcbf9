import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { keyOf, Queue } from '../../../agent/notify/queue.ts';
import { diskTest } from '../../support/real.ts';
import { mountSmallDisk } from '../../support/small-disk.ts';
import { type Owner, silentLog, temporaryFolder } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';
import { BEGAN, healed, testIncident } from './support.ts';

function open(t: Owner, path: string, services = ['a', 'b']): Queue {
  const queue = new Queue(path, services, { time: virtualTime(), log: silentLog });
  t.teardown(() => queue.close());
  return queue;
}

/** What the next process would begin with, as it stands on disk. */
function onDisk(path: string): unknown[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const rows = db.prepare('SELECT body FROM entry ORDER BY service, key').all();
  db.close();
  return rows.map(({ body }) => JSON.parse(String(body)));
}

test('the newest state wins, and the oldest incident comes first', (t) => {
  const queue = open(t, join(temporaryFolder(t), 'notify.db'));
  const second = testIncident({ id: 2, detected: BEGAN + 60_000 });
  queue.put(second, ['a', 'b']);
  queue.put(testIncident(), ['a']);
  queue.put(testIncident(healed), ['a']);
  t.deepEqual(
    queue.of('a').map(({ incident }) => incident),
    [testIncident(healed), second],
  );
  t.is(queue.of('b').length, 1);
});

test('what was saved is there again, with what the services know', (t) => {
  const path = join(temporaryFolder(t), 'new', 'notify.db');
  const queue = open(t, path);
  queue.put(testIncident(), ['a', 'b']);
  const [toldOne] = queue.of('a');
  const [refusedOne] = queue.of('b');
  if (!toldOne || !refusedOne) return t.fail();
  queue.told(toldOne, { stage: 'trouble', text: 'main froze', id: '42' });
  queue.refused(refusedOne);
  queue.save();

  const again = open(t, path);
  const [told] = again.of('a');
  t.like(told, { told: { id: '42', text: 'main froze' }, since: Number.NEGATIVE_INFINITY });
  t.deepEqual(told?.incident, testIncident());
  t.true(again.of('b')[0]?.refused);
  again.put(testIncident(healed), ['a']);
  t.like(again.of('a')[0], { told: { id: '42' }, incident: healed });
});

test('an incident is the same after the record of incidents began anew', (t) => {
  t.is(keyOf(testIncident({ id: 1 })), keyOf(testIncident({ id: 0 })));
  t.not(keyOf(testIncident()), keyOf(testIncident({ watch: 'other' })));
  t.not(keyOf(testIncident()), keyOf(testIncident({ detected: BEGAN })));
  t.regex(keyOf(testIncident({ watch: `a/b ${'x'.repeat(100)}`, detected: BEGAN + 0.5 })), /^[\w-]{1,64}$/);
});

test('a service that is no longer there leaves nothing behind', (t) => {
  const path = join(temporaryFolder(t), 'notify.db');
  const queue = open(t, path);
  queue.put(testIncident(), ['a', 'b']);
  queue.save();
  const again = open(t, path, ['b']);
  t.is(again.of('a').length, 0);
  again.save();
  t.is(onDisk(path).length, 1);
});

test('what is forgotten leaves the file too', (t) => {
  const path = join(temporaryFolder(t), 'notify.db');
  const queue = open(t, path);
  queue.put(testIncident(), ['a', 'b']);
  queue.save();
  for (const entry of queue.of('a')) queue.forget(entry);
  queue.save();
  t.is(onDisk(path).length, 1);
});

test('it has a bound, beyond which the oldest go', (t) => {
  const path = join(temporaryFolder(t), 'notify.db');
  const queue = open(t, path);
  for (let index = 0; index < 1010; index++) queue.put(testIncident({ detected: BEGAN + index }), ['a']);
  t.is(queue.of('a').length, 1000);
  t.is(queue.of('a')[0]?.incident.detected, BEGAN + 10);
  queue.save();
  t.is(onDisk(path).length, 1000);
});

test('a damaged file is set aside', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'notify.db'), 'no database, certainly not one of SQLite');
  const queue = open(t, join(folder, 'notify.db'));
  queue.put(testIncident(), ['a']);
  queue.save();
  t.is(onDisk(join(folder, 'notify.db')).length, 1);
  t.is(readdirSync(folder).filter((name) => name.startsWith('notify.db.corrupt-')).length, 1);
});

diskTest()('a disk that is full from the start is done without', (t) => {
  const disk = mountSmallDisk(t);
  disk.fill();
  const queue = open(t, join(disk.folder, 'notify.db'));
  queue.put(testIncident(), ['a']);
  queue.save();
  t.is(queue.of('a').length, 1);
});

diskTest()('what a full disk did not take is on it once there is room', (t) => {
  const disk = mountSmallDisk(t);
  const path = join(disk.folder, 'notify.db');
  const queue = open(t, path);
  queue.put(testIncident(), ['a']);
  queue.save();
  disk.fill();
  for (let index = 1; index < 50; index++) queue.put(testIncident({ detected: BEGAN + index }), ['a']);
  queue.save();
  t.is(queue.of('a').length, 50);
  t.is(onDisk(path).length, 1);
  disk.free();
  queue.save();
  t.is(onDisk(path).length, 50);
});
