import test from 'ava';
import { table } from '../../cli/table.ts';

test('columns are as wide as their widest cell, numbers stand to the right, no line ends in spaces', (t) => {
  t.is(
    table([
      { meter: 'main', 'readings missed': 3, why: 'port' },
      { meter: 'rest-of-house', 'readings missed': 1200, why: '' },
    ]),
    [
      'meter          readings missed  why',
      'main                         3  port',
      'rest-of-house             1200',
      '',
    ].join('\n'),
  );
});

test('no rows make no table', (t) => {
  t.is(table([]), '');
});
