import test from 'ava';
import { and, clip, duration, energy, sentence } from '../../../agent/notify/words.ts';

test('durations are as long as a person wants to know', (t) => {
  const H = 3_600_000;
  const cases: [number, string][] = [
    [-5, '0.0 s'],
    [40, '0.0 s'],
    [9800, '9.8 s'],
    [9949, '9.9 s'],
    [9951, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [200_000, '3 min 20 s'],
    [H, '1 h'],
    [2 * H + 300_000, '2 h 5 min'],
    [47 * H, '47 h'],
    [76 * H, '3 days 4 h'],
  ];
  for (const [ms, words] of cases) t.is(duration(ms), words);
});

test('energy has a fitting unit', (t) => {
  t.is(energy(0.0004), 'less than 1 Wh');
  t.is(energy(0.0126), '13 Wh');
  t.is(energy(2.34), '2.3 kWh');
});

test('a sentence is on one line, begins and ends as one', (t) => {
  t.is(sentence(' silent\n for  10 s'), 'Silent for 10 s.');
  t.is(sentence('what now?'), 'What now?');
  t.is(sentence('a\u0000b'), 'A b.');
});

test('what is clipped stays whole characters', (t) => {
  t.is(clip('abcdef', 6), 'abcdef');
  t.is(clip('abcdefg', 6), 'abcde…');
  t.is(clip('abcd😀fg', 6), 'abcd…');
});

test('lists read as people say them', (t) => {
  t.is(and([]), '');
  t.is(and(['a']), 'a');
  t.is(and(['a', 'b']), 'a and b');
  t.is(and(['a', 'b', 'c']), 'a, b and c');
});
