/**
 * Appends readings to the journal at the given path for as long as it may, in commits of `size`, and prints
 * the watermark after each. When a commit fails it says why and ends; or, if it is `stubborn`, tries to mend
 * the journal and sends the same again, until it works.
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Journal } from '../../agent/journal/journal.ts';
import { reason } from '../../shared/errors.ts';
import { testReading } from './readings.ts';

const [path = '', size = '1', stubborn] = process.argv.slice(2);
const journal = new Journal(path);
for (let stored = journal.watermark('main', 'e1')?.seq ?? 0; ; ) {
  const readings = Array.from({ length: Number(size) }, (_, index) => testReading(stored + 1 + index));
  try {
    journal.append(readings.map((reading) => ({ meter: 'main', reading })));
    stored += readings.length;
    writeSync(1, `${journal.watermark('main', 'e1')?.seq}\n`);
  } catch (error) {
    writeSync(2, `${reason(error)}\n`);
    if (stubborn !== 'stubborn') break;
    await sleep(20);
    journal.mend();
  }
}
