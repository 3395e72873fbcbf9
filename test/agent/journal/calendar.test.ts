import test from 'ava';
import fc from 'fast-check';
import { createCalendar } from '../../../agent/journal/calendar.ts';

const HOUR = 3_600_000;

function show({ start, end }: { start: number; end: number }): [string, number] {
  return [new Date(start).toISOString(), (end - start) / HOUR];
}

const cases: [zone: string, unit: 'hour' | 'day' | 'month', time: string, start: string, hours: number][] = [
  ['UTC', 'hour', '2026-07-01T10:59:59.999Z', '2026-07-01T10:00:00.000Z', 1],
  ['UTC', 'day', '2026-07-01T23:59:59.999Z', '2026-07-01T00:00:00.000Z', 24],
  ['UTC', 'hour', '1969-12-31T23:30:00Z', '1969-12-31T23:00:00.000Z', 1],
  ['America/Los_Angeles', 'day', '2026-03-08T12:00:00Z', '2026-03-08T08:00:00.000Z', 23],
  ['America/Los_Angeles', 'day', '2026-11-01T12:00:00Z', '2026-11-01T07:00:00.000Z', 25],
  ['America/Los_Angeles', 'hour', '2026-11-01T08:30:00Z', '2026-11-01T08:00:00.000Z', 1],
  ['America/Los_Angeles', 'hour', '2026-11-01T09:30:00Z', '2026-11-01T09:00:00.000Z', 1],
  ['Asia/Kathmandu', 'hour', '2026-07-01T10:20:00Z', '2026-07-01T10:15:00.000Z', 1],
  ['Asia/Kolkata', 'day', '2026-07-01T18:29:00Z', '2026-06-30T18:30:00.000Z', 24],
  // The clocks change by half an hour: at 2:00 back to 1:30, and from 2:00 on to 2:30.
  ['Australia/Lord_Howe', 'hour', '2026-04-04T15:20:00Z', '2026-04-04T14:00:00.000Z', 1.5],
  ['Australia/Lord_Howe', 'hour', '2026-10-03T15:40:00Z', '2026-10-03T15:30:00.000Z', 0.5],
  // Midnight does not exist: the day begins at one o'clock.
  ['America/Asuncion', 'day', '2023-10-01T12:00:00Z', '2023-10-01T04:00:00.000Z', 23],
  ['UTC', 'month', '2024-02-29T23:59:59Z', '2024-02-01T00:00:00.000Z', 29 * 24],
  ['America/Los_Angeles', 'month', '2026-04-01T06:59:59Z', '2026-03-01T08:00:00.000Z', 31 * 24 - 1],
  ['America/Los_Angeles', 'month', '2026-11-01T07:00:00Z', '2026-11-01T07:00:00.000Z', 30 * 24 + 1],
  ['America/Asuncion', 'month', '2023-10-31T12:00:00Z', '2023-10-01T04:00:00.000Z', 31 * 24 - 1],
];

for (const [zone, unit, time, start, hours] of cases)
  test(`the ${unit} of ${time} in ${zone}`, (t) => {
    t.deepEqual(show(createCalendar(zone)(unit, Date.parse(time))), [start, hours]);
  });

test('every moment is in its span, and spans meet', (t) => {
  const zones = fc.constantFrom(
    'UTC',
    'Europe/Berlin',
    'Australia/Lord_Howe',
    'America/St_Johns',
    'Asia/Kathmandu',
  );
  const times = fc.integer({ min: 0, max: Date.parse('2035-01-01T00:00:00Z') });
  fc.assert(
    fc.property(zones, fc.constantFrom('hour' as const, 'day' as const), times, (zone, unit, time) => {
      const spanOf = createCalendar(zone);
      const span = spanOf(unit, time);
      t.true(span.start <= time && time < span.end);
      t.is(spanOf(unit, span.end).start, span.end);
      t.deepEqual(spanOf(unit, time), span, 'the same from within it');
      t.deepEqual(spanOf(unit, span.start), span);
    }),
    { numRuns: 300 },
  );
});
