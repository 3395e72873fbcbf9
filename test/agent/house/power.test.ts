import test, { type ExecutionContext } from 'ava';
import type { Range } from '../../../agent/doors/queries.ts';
import { powerView } from '../../../agent/doors/views.ts';
import { powerOf } from '../../../agent/house/power.ts';
import type { Arrival, Journal } from '../../../agent/journal/journal.ts';
import { feed, openJournal } from './history.ts';

const START = Date.parse('2026-07-15T10:00:00Z');
const HOUR = 3_600_000;
const FIELDS = ['current_1', 'voltage_1'] as const;

function setUp(t: ExecutionContext, arrivals: Arrival[], now?: () => number) {
  const journal = openJournal(t, now);
  journal.append(arrivals);
  return { journal, ask: asking(journal) };
}

const asking = (journal: Journal) => async (range: Range, points: number) =>
  powerView.parse(
    await powerOf(
      (work) => journal.look(work),
      { meter: 'main', range, points, fields: FIELDS },
      async () => {},
    ),
  );

test('where there are few readings, each of them is a point, and a gap is a hole', async (t) => {
  const { read, now } = feed(START);
  const readings = [
    read(360, 10, { current_1: 3, voltage_1: 120 }),
    read(480, 10, { current_1: 4 }),
    read(600, 10, { gap_seconds: 600, gap_energy: 0.1, quality: 'counted' }),
  ];
  const { ask } = setUp(t, readings);
  t.deepEqual(await ask({ from: START, to: now() + 1 }, 10), {
    meter: 'main',
    from: START,
    to: now() + 1,
    step: 0,
    source: 'readings',
    time: [START + 10_000, START + 20_000, START + 320_000, START + 630_000],
    power: [360, 480, null, 600],
    max: [360, 480, null, 600],
    fields: { current_1: [3, 4, null, 1], voltage_1: [120, 120, null, 120] },
    quality: ['measured', 'measured', null, 'counted'],
  });
  t.deepEqual((await ask({ from: START, to: now() }, 10)).power, [360, 480], 'the end is not part of it');
  t.deepEqual((await ask({ from: START - HOUR, to: START }, 10)).time, []);
});

test('means of equal steps are what the total grew by, whatever the readings were', async (t) => {
  const { last, now } = feed(START);
  const readings = [...last(360, 3600, 1.2), ...last(1200, 3600, 1.2)];
  const { ask } = setUp(t, readings);
  const view = await ask({ from: START, to: now() }, 120);
  t.like(view, { step: 60, source: 'readings' });
  t.is(view.time.length, 120);
  t.deepEqual(view.time.slice(0, 2), [START, START + 60_000]);
  t.deepEqual(view.power.slice(0, 60), Array(60).fill(360));
  t.deepEqual(view.power.slice(60), Array(60).fill(1200));
  t.deepEqual(new Set(view.max), new Set([null]));
  t.deepEqual(new Set(view.fields.current_1), new Set([1]));

  // Boundaries that no reading falls on, asked for a little later: the points stay where they were.
  const later = await ask({ from: START + 7000, to: now() }, 120);
  t.deepEqual(later.time, view.time);
  const coarse = await ask({ from: START, to: now() }, 7);
  t.is(coarse.step, 1200);
  const energy = coarse.power.reduce<number>((sum, watts) => sum + (watts ?? 0) * (coarse.step / 3600), 0);
  t.true(Math.abs(energy - 1560) < 0.01, `${energy} Wh of 1560`);
});

test('what is fed out is negative, in readings, means, hours and days; the balance of the totals is what counts', async (t) => {
  const { read, last, now } = feed(START);
  const noon = [
    ...last(360, 1800, 1.2),
    ...last(-2400, 1800, 1.2),
    // Both ways within a step, and a gap in which both were counted.
    ...last(1000, 30, 1),
    ...last(-3000, 30, 1),
    read(-600, 1, { gap_seconds: 599, gap_energy: 0.5, gap_export_energy: 2 }),
    ...last(-600, 3540, 1.2),
  ];
  const { ask } = setUp(t, noon);
  const view = await ask({ from: START, to: now() }, 130);
  t.is(view.step, 60);
  t.deepEqual(view.power.slice(0, 30), Array(30).fill(360));
  t.deepEqual(view.power.slice(30, 60), Array(30).fill(-2400));
  t.is(view.power[60], -1000);
  t.deepEqual(view.power.slice(61, 70), Array(9).fill(null));
  t.deepEqual(new Set(view.power.slice(71)), new Set([-600]));
  const single = await ask({ from: now() - 6000, to: now() + 1 }, 10);
  t.deepEqual(new Set(single.power), new Set([-600]));
  const hours = await ask({ from: START - 10 * 24 * HOUR, to: now() }, 600);
  t.is(hours.power[0], -1020);
  t.deepEqual(hours.max.slice(0, 2), [360, 1000]);
  const days = await ask({ from: START - 3000 * 24 * HOUR, to: now() }, 600);
  const net = noon.reduce(
    (sum, { reading: { interval_energy, interval_export_energy = 0 } }) =>
      sum + interval_energy - interval_export_energy,
    0.5 - 2,
  );
  const seconds = (now() - START) / 1000;
  t.true(Math.abs((days.power[0] ?? 0) - (net * 3_600_000) / seconds) < 0.001);
});

test('a reading slower than the steps may be fed out, too', async (t) => {
  const { last, now } = feed(START);
  const { ask } = setUp(t, [...last(360, 300, 1), ...last(-720, 1800, 600)]);
  const { power } = await ask({ from: START, to: now() }, 35);
  t.deepEqual(power, [...Array(5).fill(360), ...Array(30).fill(-720)]);
});

test('a total of what was fed out that goes back tells nothing', async (t) => {
  const { last, now } = feed(START);
  const before = last(-360, 330, 1);
  const after = last(-720, 270, 1).map(({ meter, reading }) => ({
    meter,
    reading: { ...reading, export_energy: (reading.export_energy ?? 0) - 0.033 },
  }));
  const { ask } = setUp(t, [...before, ...after]);
  const { power } = await ask({ from: START, to: now() }, 10);
  t.deepEqual(power, [-360, -360, -360, -360, -360, null, -720, -720, -720, -720]);
});

test('phases may have a power of their own', async (t) => {
  const { read, now } = feed(START);
  const journal = openJournal(t);
  journal.append([read(-300, 10, { power_1: 100, power_2: -400 })]);
  const view = await powerOf(
    (work) => journal.look(work),
    { meter: 'main', range: { from: START, to: now() + 1 }, points: 10, fields: ['power_1', 'power_2'] },
    async () => {},
  );
  t.deepEqual(view.fields, { power_1: [100], power_2: [-400] });
});

test('a gap is null, and what was counted in it is nobody’s power', async (t) => {
  const { read, last, now } = feed(START);
  const readings = [
    ...last(360, 600, 1),
    read(360, 1, { gap_seconds: 1199, gap_energy: 5 }),
    ...last(360, 600, 1),
    read(360, 1, { gap_seconds: 599 }),
    ...last(360, 600, 1),
  ];
  const { ask } = setUp(t, readings);
  const { power, step } = await ask({ from: START, to: now() }, 60);
  t.is(step, 60);
  const minutes = (count: number, watts: number | null) => Array(count).fill(watts);
  t.deepEqual(power, [
    ...minutes(10, 360),
    ...minutes(19, null),
    ...minutes(11, 360),
    ...minutes(9, null),
    ...minutes(11, 360),
  ]);
});

test('a total that goes back tells nothing', async (t) => {
  const { last, reset, now } = feed(START);
  const before = last(360, 330, 1);
  reset(0);
  const { ask } = setUp(t, [...before, ...last(720, 270, 1)]);
  const { power } = await ask({ from: START, to: now() }, 10);
  t.deepEqual(power, [360, 360, 360, 360, 360, null, 720, 720, 720, 720]);
});

test('what is simulated and what is not are never one mean', async (t) => {
  const { last, now } = feed(START);
  const { ask } = setUp(t, [...last(5000, 330, 1, { quality: 'simulated' }), ...last(360, 270, 1)]);
  const { power, quality } = await ask({ from: START, to: now() }, 10);
  t.deepEqual(power, [5000, 5000, 5000, 5000, 5000, null, 360, 360, 360, 360]);
  t.deepEqual(quality[4], 'simulated');
  t.deepEqual(quality[5], null);
  t.deepEqual(quality[6], 'measured');
});

test('before the first reading and after the last there is nothing', async (t) => {
  const { last, now } = feed(START);
  const { ask } = setUp(t, last(360, 300, 1));
  const { power } = await ask({ from: START - 300_000, to: now() + 300_000 }, 15);
  t.deepEqual(power, [...Array(5).fill(null), ...Array(5).fill(360), ...Array(5).fill(null)]);
});

test('a reading slower than the steps stands for all of its interval', async (t) => {
  const { last, now } = feed(START);
  const { ask } = setUp(t, [...last(360, 300, 1), ...last(720, 1800, 600), ...last(360, 300, 1)]);
  const { power, step } = await ask({ from: START, to: now() }, 40);
  t.is(step, 60);
  t.deepEqual(power, [...Array(5).fill(360), ...Array(30).fill(720), ...Array(5).fill(360)]);
});

test('other meters are none of it', async (t) => {
  const { last, now } = feed(START);
  const { journal, ask } = setUp(t, last(360, 600, 1));
  journal.append(feed(START, 'garage').last(9000, 600, 1));
  journal.append([feed(START, 'garage').read(1, 1, { gap_seconds: 300, epoch: 'e2' })]);
  t.deepEqual(new Set((await ask({ from: START, to: now() }, 10)).power), new Set([360]));
});

test('months are hours, years are days, and their holes are null', async (t) => {
  const { read, last, pass, now } = feed(START - HOUR);
  const readings = [...last(400, 7200, 600), ...last(800, 3600, 600), read(2000, 600)];
  pass(5 * 24 * 3600);
  readings.push(...last(100, 3600, 600));
  const { ask } = setUp(t, readings);
  const hours = await ask({ from: START - 10 * 24 * HOUR, to: now() }, 600);
  t.like(hours, { source: 'hour', step: 3600, fields: {} });
  t.deepEqual(hours.power, [400, 400, 800, 2000, null, 100, 100]);
  t.deepEqual(hours.max.slice(0, 4), [400, 400, 800, 2000]);
  t.is(hours.time[0], START - HOUR);
  t.is(hours.time[4], START + 3 * HOUR);
  const days = await ask({ from: START - 3000 * 24 * HOUR, to: now() }, 600);
  t.like(days, { source: 'day', step: 86_400 });
  t.deepEqual(
    days.power,
    [(7200 * 400 + 3600 * 800 + 600 * 2000) / 11_400, null, 100].map((watts) =>
      watts === null ? null : Math.round(watts * 1000) / 1000,
    ),
  );
});

test('what has left the journal is told by its hours', async (t) => {
  const { last, now } = feed(START);
  const { journal, ask } = setUp(t, last(360, 4 * 3600, 10), () => now());
  const range = { from: START, to: now() };
  t.is((await ask(range, 600)).source, 'readings');
  while (journal.expire({ age: HOUR, size: 1e9 }, []) > 0);
  const gone = await ask(range, 600);
  t.is(gone.source, 'hour');
  t.deepEqual(gone.power.slice(0, 4), [360, 360, 360, 360]);
  t.is((await ask({ from: now() - HOUR, to: now() }, 600)).source, 'readings');
});

test('it lets others go first, again and again', async (t) => {
  const { last, now } = feed(START);
  const { journal } = setUp(t, last(360, 3600, 1));
  let pauses = 0;
  const pause = async () => {
    pauses += 1;
  };
  const ask = (points: number, from: number) =>
    powerOf(
      (work) => journal.look(work),
      { meter: 'main', range: { from, to: now() }, points, fields: [] },
      pause,
    );
  await ask(60, START);
  t.true(pauses >= 60, 'after each step');
  pauses = 0;
  await ask(5000, START);
  t.true(pauses >= 7, 'after each few hundred readings');
  pauses = 0;
  await ask(5000, START - 365 * 24 * HOUR);
  t.true(pauses >= 18, 'after each few hundred hours');
});
