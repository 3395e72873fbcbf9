/**
 * Appends readings to the journal at the given path for as long as it may, in commits of `size`, and prints
 * the watermark after each; or the reason why a commit failed, and ends.
 */
import { writeSync } from 'node:fs';
import { Journal } from '../../agent/journal.ts';
import { reason } from '../../shared/errors.ts';
import { testReading } from './readings.ts';

const [path = '', size = '1'] = process.argv.slice(2);
const journal = new Journal(path);
try {
  for (let seq = journal.watermark('main', 'e1')?.seq ?? 0; ; ) {
    journal.append(
      Array.from({ length: Number(size) }, () => {
        seq += 1;
        return { meter: 'main', reading: testReading(seq) };
      }),
    );
    writeSync(1, `${journal.watermark('main', 'e1')?.seq}\n`);
  }
} catch (error) {
  writeSync(2, reason(error));
}
