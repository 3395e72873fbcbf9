import test from 'ava';
import { parseMoment, showDuration, showMoment } from '../../cli/moment.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');

test('a moment is local without a zone, absolute with one, or an age', (t) => {
  t.is(parseMoment('from', '2026-11-01', NOW), new Date(2026, 10, 1).getTime());
  t.is(parseMoment('from', '2026-11-01T14:30', NOW), new Date(2026, 10, 1, 14, 30).getTime());
  t.is(parseMoment('from', '2026-11-01T13:30Z', NOW), Date.UTC(2026, 10, 1, 13, 30));
  t.is(parseMoment('from', '2026-11-01T13:30:05.250+01:00', NOW), Date.UTC(2026, 10, 1, 12, 30, 5, 250));
  t.is(parseMoment('to', '7d', NOW), NOW - 7 * 86_400_000);
  t.is(parseMoment('to', '1.5h', NOW), NOW - 5_400_000);
});

for (const text of [
  'yesterday',
  '2026-13-01',
  '2026-02-30',
  '2026-11-31T12:00Z',
  '2026-11',
  '7',
  '7w',
  '',
  '2026-11-01 14:30',
  '1e3d',
])
  test(`${JSON.stringify(text)} is no moment`, (t) => {
    t.throws(() => parseMoment('from', text, NOW), {
      message: `reading the command line: --from must be a moment such as 2026-11-01, 2026-11-01T14:30 or 7d, got ${text}`,
    });
  });

test('moments are shown in local time', (t) => {
  t.is(showMoment(new Date(2026, 10, 1, 4, 5, 6).getTime()), '2026-11-01 04:05:06');
});

test('durations are shown in their two largest units', (t) => {
  const shown = [400, 1234, 59_000, 59_996, 60_000, 155_000, 3_600_000, 3_905_000, 86_400_000, 90_061_000];
  t.deepEqual(shown.map(showDuration), [
    '0.4 s',
    '1.2 s',
    '59 s',
    '60 s',
    '1 min',
    '2 min 35 s',
    '1 h',
    '1 h 5 min',
    '1 d',
    '1 d 1 h',
  ]);
});
