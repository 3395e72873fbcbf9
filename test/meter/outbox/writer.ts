/** A child of outbox.test.ts: appends without end, saying each number once it is kept, until it is killed. */
import { writeSync } from 'node:fs';
import { unnumbered } from '../../support/readings.ts';
import { openOutbox } from './support.ts';

const [, , path = ''] = process.argv;
const outbox = openOutbox(path, { boot: 'boot 1' });
for (;;) {
  const total = (outbox.account?.energy ?? 0) + 1;
  const { epoch, seq } = outbox.append(unnumbered({ energy: total }), { energy: total, cost: total / 2 });
  writeSync(1, `${seq}\n`);
  // Most are stored as soon as they are made.
  if (seq % 100 > 10) outbox.settle({ epoch, seq: seq - 3 });
}
