import test from 'ava';
import { untilTomorrow } from '../../../../agent/page/model/tomorrow.ts';

const HOUR = 3_600_000;

for (const [now, zone, hours] of [
  ['2026-01-15T12:30:00Z', 'UTC', 19.5],
  ['2026-01-15T23:59:00Z', 'UTC', 8 + 1 / 60],
  ['2026-01-15T00:00:00Z', 'UTC', 32],
  ['2026-01-15T12:00:00Z', 'America/Los_Angeles', 28],
  // The clocks are put forward, and back, in the night between.
  ['2026-03-28T11:00:00Z', 'Europe/Berlin', 19],
  ['2026-10-24T10:00:00Z', 'Europe/Berlin', 21],
  ['2026-01-31T12:15:30.250Z', 'Asia/Kolkata', 14 + 14.4958333 / 60],
] as const)
  test(`from ${now} in ${zone} it is ${hours.toFixed(2)} hours until tomorrow at eight`, (t) => {
    const ms = untilTomorrow(Date.parse(now), zone);
    t.true(Math.abs(ms - hours * HOUR) < 100, `${ms / HOUR}`);
  });
