import test from 'ava';
import { createAmpsDecoder } from '../../../meter/decoders/amps.ts';

function decode(text: string, phases = 2) {
  const decoder = createAmpsDecoder({ phases, maxCurrent: 200, atLineStart: true });
  return decoder.push(Buffer.from(text, 'latin1'));
}

test('as many currents as there are phases', (t) => {
  t.deepEqual(decode('7\r\n', 1).samples, [{ phases: [{ current: 7 }] }]);
  t.deepEqual(decode('1 2 3\r\n', 3).samples, [{ phases: [{ current: 1 }, { current: 2 }, { current: 3 }] }]);
});

test('twelve phases at their longest fit into a line', (t) => {
  const currents = Array.from({ length: 12 }, () => 123.456);
  t.deepEqual(decode(`${currents.join(' ')}\r\n`, 12).samples, [
    { phases: currents.map((current) => ({ current })) },
  ]);
});

test('lines may end in LF and CR, and numbers begin with zeros', (t) => {
  t.deepEqual(decode('01 2.50\n\r  3\t 4 \n\r-0 0\n\r'), {
    samples: [
      [1, 2.5],
      [3, 4],
      [0, 0],
    ].map((currents) => ({
      phases: currents.map((current) => ({ current })),
    })),
    rejects: [],
  });
});

for (const line of ['-1 2', '1 -0.5', '201 2', '1 999999'])
  test(`no such value can be: ${line}`, (t) => {
    t.deepEqual(decode(`${line}\r\n`), { samples: [], rejects: ['range'] });
  });

for (const line of [
  '1',
  '1 2 3',
  '1,2',
  '1 2 ;1,0',
  'W A ',
  '1e1 2',
  '0x1 2',
  '+1 2',
  '.5 2',
  '1. 2',
  'NaN 2',
  'Infinity 2',
  '1 2\xa0',
  '\xa01 2',
  '1\0 2',
  '1\r2 3',
  '1234567 2',
  '--1 2',
])
  test(`not this format: ${JSON.stringify(line)}`, (t) => {
    t.deepEqual(decode(`${line}\r\n`), { samples: [], rejects: ['syntax'] });
  });
