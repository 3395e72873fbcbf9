import test from 'ava';
import { table } from '../../cli/table.ts';

/** A screen so wide, on which what is painted is seen. */
const screen = (columns: number) => ({
  columns,
  paint: (style: string, text: string) => `<${style} ${text}>`,
});
const plain = { columns: Number.POSITIVE_INFINITY, paint: (_style: string, text: string) => text };
const incident = {
  id: 7,
  watch: 'main',
  tries: 2,
  'cost lost': '0.12',
  note: '',
  why: 'does not answer for 2.1 s',
};

test('columns are as wide as their widest cell, numbers stand to the right, no line ends in spaces', (t) => {
  t.is(
    table(
      [
        { meter: 'main', 'readings missed': 3, why: 'port' },
        { meter: 'rest-of-house', 'readings missed': 1200, why: '' },
      ],
      plain,
    ),
    [
      'meter          readings missed  why',
      'main                         3  port',
      'rest-of-house             1200',
      '',
    ].join('\n'),
  );
});

test('no rows make no table', (t) => {
  t.is(table([], plain), '');
});

test('texts that are numbers stand to the right too, dates and durations do not', (t) => {
  const row = (kWh: string, cost: string, power: string, at: string) => ({
    kWh,
    cost,
    power,
    at,
    lasted: '9 s',
  });
  t.is(
    table([row('9.12', '$3.40', '1,243 VA', '2026-11-01'), row('12.00', '', '9 VA', '')], plain),
    [
      '  kWh   cost     power  at          lasted',
      ' 9.12  $3.40  1,243 VA  2026-11-01  9 s',
      '12.00             9 VA              9 s',
      '',
    ].join('\n'),
  );
});

test('where the screen is narrow, one column is shortened, then the least important are left out and named', (t) => {
  const look = { shorten: 'why', leaveOut: ['note', 'cost lost', 'tries'] };
  const lines = (columns: number) => table([incident], screen(columns), look).split('\n').slice(0, -1);
  const head = (...headings: string[]) => headings.map((heading) => `<bold ${heading}>`).join('  ');
  t.deepEqual(lines(60), [
    head('id', 'watch', 'tries', 'cost lost', 'note', 'why'),
    ' 7  main       2       0.12        does not answer for 2.1 s',
  ]);
  t.deepEqual(lines(59), [
    head('id', 'watch', 'tries', 'cost lost', 'note', 'why'),
    ' 7  main       2       0.12        does not answer for 2.1…',
  ]);
  t.deepEqual(
    lines(57),
    [
      head('id', 'watch', 'tries', 'cost lost', 'why'),
      ' 7  main       2       0.12  does not answer for 2.1 s',
    ],
    'a column that says nothing goes unnamed',
  );
  t.deepEqual(lines(45), [
    head('id', 'watch', 'tries', 'why'),
    ' 7  main       2  does not answer for 2.1 s',
    '<dim (no room for: cost lost)>',
  ]);
  t.deepEqual(lines(20), [
    head('id', 'watch', 'why'),
    ' 7  main   does not…',
    '<dim (no room for: cost lost, tries)>',
  ]);
});

test('cells have the colour that is asked for, and what they say is cut, not the colour', (t) => {
  const styleOf = (heading: string, cell: string) =>
    heading === 'state' && cell === 'stalled' ? ('red' as const) : undefined;
  t.is(
    table(
      [
        { state: 'stalled', why: '\x1b[2Jgone' },
        { state: 'held', why: '' },
      ],
      screen(80),
      { styleOf },
    ),
    '<bold state>    <bold why>\n<red stalled>   [2Jgone\nheld\n',
  );
});
