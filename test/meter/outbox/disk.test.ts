/** Disks that are full, or write-protected. */
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { diskTest } from '../../support/real.ts';
import { mountSmallDisk } from '../../support/small-disk.ts';
import { temporaryFolder } from '../../support/system.ts';
import { drain, energies, fill, openOutbox, range, seqs } from './support.ts';

const onDisk = diskTest();

onDisk('a disk that fills up is not noticed for thousands of readings: their room was taken before', (t) => {
  const disk = mountSmallDisk(t);
  const outbox = openOutbox(join(disk.folder, 'outbox.db'));
  t.teardown(() => outbox.close());
  disk.fill();
  fill(outbox, 3000);
  t.like(outbox.status, { errors: 0, unwritten: 0, pending: 3000 });
});

onDisk('while the agent is there, a full disk is not noticed at all', (t) => {
  const disk = mountSmallDisk(t);
  const outbox = openOutbox(join(disk.folder, 'outbox.db'));
  t.teardown(() => outbox.close());
  disk.fill();
  for (let count = 0; count < 20_000; count += 1) {
    const [reading] = fill(outbox, 1);
    if (reading) outbox.settle(reading);
  }
  t.like(outbox.status, { errors: 0, unwritten: 0, pending: 0 });
});

onDisk('the room outlives an orderly end', (t) => {
  const disk = mountSmallDisk(t);
  const path = join(disk.folder, 'outbox.db');
  const first = openOutbox(path);
  fill(first, 1);
  first.close();
  disk.fill();
  const again = openOutbox(path);
  t.teardown(() => again.close());
  fill(again, 1000);
  t.like(again.status, { errors: 0, unwritten: 0, pending: 1001 });
});

onDisk('beyond that, readings are numbered in memory, and written when there is room again', (t) => {
  const disk = mountSmallDisk(t);
  const path = join(disk.folder, 'outbox.db');
  const outbox = openOutbox(path);
  t.teardown(() => outbox.close());
  disk.fill();
  const made = fill(outbox, 100);
  while (outbox.status.unwritten === 0) made.push(...fill(outbox, 1));
  const written = made.length - 1;
  t.true(written > 3000, `${written}`);
  const held = [...made.slice(-1), ...fill(outbox, 299)];
  t.not(held[0]?.epoch, made[0]?.epoch);
  t.deepEqual(seqs(held), range(1, 300));
  t.like(outbox.status, { unwritten: 300, pending: written + 300 });
  t.regex(outbox.status.error ?? '', /full/);

  // A kill forgets them, and the totals go on from what was written.
  const folder = temporaryFolder(t);
  for (const suffix of ['', '-wal']) copyFileSync(path + suffix, join(folder, `copy${suffix}`));
  const killed = openOutbox(join(folder, 'copy'));
  t.teardown(() => killed.close());
  t.deepEqual(killed.account, { energy: written, cost: 2 * written });
  const [next] = fill(killed, 1);
  t.like(next, { epoch: made[0]?.epoch, seq: written + 1 });
  t.false(outbox.holds(next ?? { epoch: '', seq: 0 }), 'whose number was not given before');

  disk.free();
  held.push(...fill(outbox, 50));
  t.like(outbox.status, { unwritten: 0, pending: written + 350 });
  t.is(outbox.status.error, undefined);
  outbox.close();
  const after = openOutbox(path);
  t.teardown(() => after.close());
  t.like(after.account, { energy: written + 350 });
  t.deepEqual(energies(drain(after)), range(1, written + 350));
});

onDisk('what is settled while it is in memory needs no memory, and no disk', (t) => {
  const disk = mountSmallDisk(t);
  const path = join(disk.folder, 'outbox.db');
  disk.fill();
  const outbox = openOutbox(path);
  t.teardown(() => outbox.close());
  for (const reading of fill(outbox, 30)) outbox.settle(reading);
  t.like(outbox.status, { pending: 0, unwritten: 1 });
  disk.free();
  fill(outbox, 1);
  outbox.close();
  const after = openOutbox(path);
  t.teardown(() => after.close());
  t.like(after.account, { energy: 31 });
  t.deepEqual(seqs(after.oldest(100)), [31]);
});

onDisk('a new outbox on a full disk begins in memory', (t) => {
  const disk = mountSmallDisk(t);
  disk.fill();
  const path = join(disk.folder, 'data', 'outbox.db');
  const outbox = openOutbox(path);
  t.teardown(() => outbox.close());
  const made = fill(outbox, 200);
  t.like(outbox.status, { pending: 200, unwritten: 200 });
  t.deepEqual(outbox.oldest(500), made);
  disk.free();
  made.push(...fill(outbox, 50));
  t.like(outbox.status, { pending: 250, unwritten: 0 });
  t.deepEqual(drain(outbox), made);
});

for (const trouble of ['full', 'write-protected'] as const)
  onDisk(
    `an outbox on a disk that is ${trouble} at the start goes on with its totals, and its readings`,
    (t) => {
      const disk = mountSmallDisk(t);
      const path = join(disk.folder, 'outbox.db');
      const before = openOutbox(path);
      const made = fill(before, 100);
      before.close();
      rmSync(`${path}-room`);
      if (trouble === 'full') disk.fill();
      else disk.protect();
      const outbox = openOutbox(path);
      t.teardown(() => outbox.close());
      t.deepEqual(outbox.account, { energy: 100, cost: 200 });
      const held = fill(outbox, 10);
      t.is(outbox.status.unwritten, 10);
      t.not(held[0]?.epoch, made[0]?.epoch);
      t.deepEqual(energies(held), range(101, 110));
      if (trouble === 'full') disk.free();
      else disk.unprotect();
      held.push(...fill(outbox, 1));
      t.like(outbox.status, { unwritten: 0, pending: 111 });
      t.deepEqual(drain(outbox), [...made, ...held]);
    },
  );
