import test from 'ava';
import { round } from '../../shared/round.ts';

test('what floating point adds is gone, and no zero is negative', (t) => {
  t.is(round(0.1 + 0.2), 0.3);
  t.is(round(1.111 * 1000), 1111);
  t.is(round(0.0000000004), 0);
  t.is(round(12.345678, 2), 12.35);
  t.true(Object.is(round(-0.001, 2), 0));
});
