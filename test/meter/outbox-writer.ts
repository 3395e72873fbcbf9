/** A child of outbox.test.ts: appends without end, saying each number once it is kept, until it is killed. */
import { writeSync } from 'node:fs';
import { Outbox } from '../../meter/outbox.ts';
import { unnumbered } from '../support/readings.ts';

const [, , path = ''] = process.argv;
const outbox = new Outbox(path, 1_000_000);
for (;;) {
  const total = (outbox.account()?.energy ?? 0) + 1;
  const { seq } = outbox.append(unnumbered({ energy: total }), { energy: total, cost: total / 2 });
  writeSync(1, `${seq}\n`);
}
