import test from 'ava';
import { Expiries } from '../../../agent/home-assistant/expiry.ts';

const MINUTE = 60_000;

test('ten intervals, in steps', (t) => {
  for (const [interval, seconds] of [
    [0.1, 30],
    [1.2, 30],
    [3, 30],
    [5, 60],
    [10, 120],
    [60, 600],
    [3600, 86_400],
    [86_400, 86_400],
  ] as const)
    t.is(new Expiries().of('main', interval, 0), seconds, `${interval} s`);
});

test('a meter that has sent nothing is given an hour, or what it had', (t) => {
  const expiries = new Expiries();
  t.is(expiries.of('main', undefined, 0), 3600);
  t.is(expiries.of('main', 1, 0), 30);
  t.is(expiries.of('main', undefined, 1), 30);
  t.is(expiries.of('other', undefined, 1), 3600);
});

test('longer at once, shorter when it has been enough for ten minutes', (t) => {
  const expiries = new Expiries();
  expiries.of('main', 1, 0);
  t.is(expiries.of('main', 60, 1), 600);
  t.is(expiries.of('main', 1, 2 * MINUTE), 600);
  t.is(expiries.of('main', 60, 9 * MINUTE), 600);
  t.is(expiries.of('main', 1, 18 * MINUTE), 600);
  t.is(expiries.of('main', 1, 19 * MINUTE), 30);
});
