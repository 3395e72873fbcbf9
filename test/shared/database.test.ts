import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { openDatabase } from '../../shared/database.ts';
import { temporaryFolder } from '../support/system.ts';

test('a file that another holds locked for a moment is waited for, not given up', async (t) => {
  const path = join(temporaryFolder(t), 'journal.db');
  const holder = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const db = new (require('node:sqlite').DatabaseSync)(workerData);
     db.exec('PRAGMA journal_mode = WAL; CREATE TABLE kept (a); PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
     parentPort.postMessage('locked');
     Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
     db.close();`,
    { eval: true, workerData: path },
  );
  t.teardown(() => holder.terminate());
  await new Promise((resolve) => holder.once('message', resolve));
  const { db, aside } = openDatabase(path, (opened) => opened.exec('CREATE TABLE other (b)'));
  t.is(aside, undefined);
  db.close();
});
