import test from 'ava';
import { Ladder } from '../../../agent/heal/ladder.ts';

const MINUTE = 60_000;

test('the first try is at once, each further one later, the last wait repeats', (t) => {
  const ladder = new Ladder();
  t.true(ladder.nextTry() <= 0);
  let now = 0;
  const waits = [];
  for (let n = 0; n < 8; n += 1) {
    ladder.tried(now);
    waits.push((ladder.nextTry() - now) / 1000);
    now = ladder.nextTry();
  }
  t.deepEqual(waits, [10, 30, 120, 600, 1800, 1800, 1800, 1800]);
});

test('ten minutes of unbroken health are forgiven, less is not', (t) => {
  const ladder = new Ladder();
  for (let n = 0; n < 4; n += 1) ladder.tried(0);
  ladder.healthy(MINUTE);
  ladder.healthy(11 * MINUTE - 1);
  t.is(ladder.nextTry(), 10 * MINUTE);
  ladder.unhealthy();
  ladder.healthy(12 * MINUTE);
  ladder.healthy(21 * MINUTE);
  t.is(ladder.nextTry(), 10 * MINUTE);
  ladder.healthy(22 * MINUTE);
  t.is(ladder.nextTry(), 0, 'as new');
});

test('health before a try does not count for after it', (t) => {
  const ladder = new Ladder();
  ladder.healthy(0);
  ladder.tried(9 * MINUTE);
  ladder.healthy(10 * MINUTE);
  t.is(ladder.nextTry() - 9 * MINUTE, 10_000);
});
