import { Worker } from 'node:worker_threads';

// As text, for the bundle has one entry; in a thread, for a large file takes long to read.
const CHECK = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(workerData, { readOnly: true });
  const found = db.prepare('PRAGMA quick_check(3)').all().map(({ quick_check }) => quick_check);
  db.close();
  parentPort.postMessage(found);
`;

/**
 * Reads all of a database, in a thread of its own, and compares its parts.
 *
 * @returns what is damaged, in SQLite's words; undefined when it is sound.
 * @throws when it cannot be read, or the signal aborts.
 */
export async function findDamage(path: string, signal: AbortSignal): Promise<string | undefined> {
  signal.throwIfAborted();
  const worker = new Worker(CHECK, { eval: true, workerData: path });
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const found = await new Promise<string[]>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', ({ message }) => reject(new Error(`checking the journal: ${message}`)));
      worker.once('exit', () => reject(new Error('checking the journal: the thread ended')));
    });
    return found.length === 1 && found[0] === 'ok' ? undefined : found.join('; ');
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
