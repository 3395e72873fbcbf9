import test from 'ava';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { type HoldRecord, type HoldStore, Holds, holdTime } from '../../../agent/guard/hold.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-01-15T12:00:00Z');
const BERLIN = 'Europe/Berlin';
const at = (zoned: string) => Temporal.ZonedDateTime.from(zoned).epochMilliseconds;
const berlin = (local: string) => at(`${local}[${BERLIN}]`);

function memory(records: HoldRecord[] = []): HoldStore & { saved: HoldRecord[][] } {
  const saved: HoldRecord[][] = [];
  return { saved, load: () => records, save: (holds) => void saved.push(holds) };
}

type Window = { days?: string[]; from: string; to: string; watches?: string[] };
const windows = (...given: Window[]) =>
  settingsSchema.parse({ agent: { maintenance: given } }).agent.maintenance;
const maintained = (...given: Window[]) => new Holds(memory(), windows(...given), BERLIN);

test('a hold lasts until its end, its watch alone, and may be replaced or released', (t) => {
  const holds = new Holds(memory(), [], undefined);
  t.is(holds.held('a', NOW), undefined);
  holds.hold('a', NOW + HOUR, 'Ada');
  t.deepEqual(holds.held('a', NOW), { until: NOW + HOUR, why: 'held by Ada' });
  t.deepEqual(holds.held('a', NOW + HOUR - 1)?.until, NOW + HOUR);
  t.is(holds.held('a', NOW + HOUR), undefined);
  t.is(holds.held('b', NOW), undefined);
  holds.hold('a', NOW + MINUTE, 'Bob');
  t.deepEqual(holds.held('a', NOW), { until: NOW + MINUTE, why: 'held by Bob' });
  holds.release('a');
  t.is(holds.held('a', NOW), undefined);
});

test('holds outlive the agent', (t) => {
  const store = memory();
  const holds = new Holds(store, [], undefined);
  holds.hold('a', NOW + HOUR, 'Ada');
  holds.hold('b', NOW + DAY, 'Bob');
  holds.release('a');
  holds.release('nobody');
  t.is(store.saved.length, 3, 'what changes nothing is not written');
  const again = new Holds(memory(store.saved.at(-1)), [], undefined);
  t.is(again.held('a', NOW), undefined);
  t.deepEqual(again.held('b', NOW), { until: NOW + DAY, why: 'held by Bob' });
});

test('a hold that a wrong clock made holds nobody for years', (t) => {
  const holds = new Holds(memory([{ watch: 'a', until: NOW + 31 * DAY, by: 'Ada' }]), [], undefined);
  t.is(holds.held('a', NOW), undefined);
  t.truthy(holds.held('a', NOW + 2 * DAY), 'by then its end is near enough to be meant');
});

test('the time of a hold is a duration of a second to 24 days', (t) => {
  t.is(holdTime.parse('2h'), 2 * HOUR);
  t.is(holdTime.parse('24d'), 24 * DAY);
  for (const text of ['', '2', '2 h', '0s', '999ms', '25d', '-1h', 'forever', ' 1h', '1h\n'])
    t.false(holdTime.safeParse(text).success, JSON.stringify(text));
});

test('a maintenance window holds on its days, between its times, in its zone', (t) => {
  // 15 January 2026 is a Thursday.
  const holds = maintained({ days: ['thu'], from: '14:00', to: '15:30' });
  const [start, end] = [berlin('2026-01-15T14:00'), berlin('2026-01-15T15:30')];
  t.is(start, NOW + HOUR);
  t.is(holds.held('a', start - 1), undefined);
  t.deepEqual(holds.held('a', start), { until: end, why: 'maintenance, 14:00 to 15:30' });
  t.is(holds.held('a', end - 1)?.until, end);
  t.is(holds.held('a', end), undefined);
  t.is(holds.held('a', start + DAY), undefined);
  t.is(holds.held('a', start + 7 * DAY)?.until, end + 7 * DAY);
  t.is(holds.held('a', start)?.until, end, 'a clock that is set back is believed again');
});

test('a window may cross midnight: its day is the one on which it begins', (t) => {
  const holds = maintained({ days: ['thu'], from: '22:00', to: '06:00' });
  t.is(holds.held('a', berlin('2026-01-15T05:00')), undefined);
  t.is(holds.held('a', berlin('2026-01-15T23:00'))?.until, berlin('2026-01-16T06:00'));
  t.is(holds.held('a', berlin('2026-01-16T05:59'))?.until, berlin('2026-01-16T06:00'));
  t.is(holds.held('a', berlin('2026-01-16T06:00')), undefined);
  t.is(holds.held('a', berlin('2026-01-16T23:00')), undefined);
  const whole = maintained({ days: ['thu'], from: '00:00', to: '24:00' });
  t.is(whole.held('a', berlin('2026-01-15T00:00'))?.until, berlin('2026-01-16T00:00'));
  t.is(whole.held('a', berlin('2026-01-16T00:00')), undefined);
});

test('windows that touch or overlap are one hold', (t) => {
  const holds = maintained(
    { days: ['thu'], from: '20:00', to: '24:00' },
    { days: ['fri'], from: '00:00', to: '02:00' },
    { days: ['fri'], from: '01:00', to: '03:00' },
    { days: ['fri'], from: '04:00', to: '05:00' },
  );
  t.is(holds.held('a', berlin('2026-01-15T21:00'))?.until, berlin('2026-01-16T03:00'));
  t.is(holds.held('a', berlin('2026-01-16T03:00')), undefined);
  t.is(holds.held('a', berlin('2026-01-16T04:00'))?.until, berlin('2026-01-16T05:00'));
});

test('a window may be of some watches only', (t) => {
  const holds = maintained({ from: '12:00', to: '14:00', watches: ['a', 'b'] });
  t.truthy(holds.held('a', NOW));
  t.truthy(holds.held('b', NOW));
  t.is(holds.held('c', NOW), undefined);
});

test('of a hold and a window, the one that lasts longer is told; release ends only the hold', (t) => {
  const holds = maintained({ from: '12:00', to: '14:00' });
  const end = berlin('2026-01-15T14:00');
  holds.hold('a', end - 1, 'Ada');
  t.regex(holds.held('a', NOW)?.why ?? '', /maintenance/);
  holds.hold('a', end + 1, 'Ada');
  t.is(holds.held('a', NOW)?.why, 'held by Ada');
  holds.release('a');
  t.is(holds.held('a', NOW)?.until, end);
});

test('on the days on which the clocks change, a window is as long as its clock says', (t) => {
  const night = maintained({ from: '01:00', to: '04:00' });
  t.is(
    night.held('a', berlin('2026-03-29T01:30'))?.until,
    berlin('2026-03-29T01:00') + 2 * HOUR,
    'spring: 2:00 to 3:00 is left out',
  );
  t.is(
    night.held('a', berlin('2026-10-25T01:30'))?.until,
    berlin('2026-10-25T01:00') + 4 * HOUR,
    'autumn: 2:00 to 3:00 comes twice',
  );

  const gap = maintained({ from: '02:10', to: '02:40' });
  const spring = berlin('2026-03-29T03:10');
  t.is(gap.held('a', spring - 1), undefined);
  t.is(gap.held('a', spring)?.until, spring + 30 * MINUTE);
  const twice = at('2026-10-25T02:10+02:00[Europe/Berlin]');
  t.is(gap.held('a', twice - 1), undefined);
  t.is(gap.held('a', twice)?.until, twice + 90 * MINUTE);
});

test('it agrees with the calendar read literally, whatever the window and the moment', (t) => {
  const time = fc.integer({ min: 0, max: 24 * 4 }).map((quarter) => {
    const [hours, minutes] = [Math.floor(quarter / 4), (quarter % 4) * 15];
    return `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
  });
  const day = fc.constantFrom('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun');
  const window = fc.record({ days: fc.uniqueArray(day, { minLength: 1 }), from: time, to: time });
  const zone = 'Asia/Kolkata';
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const partsOf = (ms: number) => {
    const parts = new Map(clock.formatToParts(ms).map(({ type, value }) => [type, value]));
    return { day: parts.get('weekday')?.toLowerCase(), time: `${parts.get('hour')}:${parts.get('minute')}` };
  };
  fc.assert(
    fc.property(
      fc.array(window, { maxLength: 3 }),
      fc.array(fc.integer({ min: 0, max: 40 * DAY }), { minLength: 1, maxLength: 20 }),
      (given, offsets) => {
        const holds = new Holds(memory(), windows(...given), zone);
        for (const offset of offsets) {
          const now = NOW + offset;
          const [here, before] = [partsOf(now), partsOf(now - DAY)];
          const expected = given.some(({ days, from, to }) => {
            const today =
              days.some((name) => name === here.day) && here.time >= from && (here.time < to || to <= from);
            const yesterday = days.some((name) => name === before.day) && to <= from && here.time < to;
            // `from: 24:00` begins when the next day does.
            if (from !== '24:00') return today || yesterday;
            return days.some((name) => name === before.day) && (here.time < to || to === '24:00');
          });
          t.is(
            holds.held('a', now) !== undefined,
            expected,
            `${JSON.stringify(given)} ${here.day} ${here.time}`,
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('asking costs next to nothing', (t) => {
  const holds = maintained({ days: ['mon'], from: '14:00', to: '15:00' });
  holds.hold('a', NOW + DAY, 'Ada');
  holds.held('a', NOW);
  const began = process.cpuUsage();
  for (let n = 0; n < 10_000; n += 1) holds.held('a', NOW + n * 100);
  const { user } = process.cpuUsage(began);
  // A look at the calendar takes about a millisecond: ten thousand would take seconds.
  t.true(user < 500_000, `${user} µs`);
});
