import test from 'ava';
import type { PowerView } from '../../../../agent/doors/views.ts';
import {
  appendReading,
  feedsOut,
  linesOf,
  startOf,
  summaryOf,
  tableOf,
} from '../../../../agent/page/model/power.ts';
import { testReading } from '../../../support/readings.ts';

const START = Date.parse('2026-01-15T12:00:00Z');

/** @param powers of the points; `every`: s between them. */
function view(powers: (number | null)[], every: number, changes: Partial<PowerView> = {}): PowerView {
  return {
    meter: 'main',
    from: START,
    to: START + powers.length * every * 1000,
    step: 0,
    source: 'readings',
    time: powers.map((_, index) => START + index * every * 1000),
    power: powers,
    max: powers,
    fields: { current_2: powers.map(() => 2), current_1: powers.map(() => 1) },
    quality: powers.map(() => 'measured'),
    ...changes,
  };
}

const at = (ms: number, power: number) => ({
  ...testReading(1, { time: new Date(START + ms).toISOString(), power, current_1: 9 }),
});

test('a silence breaks the line, whoever left it out', (t) => {
  const silent = view([1, 2, 3, 4], 1.2);
  silent.time = silent.time.map((time, index) => (index < 2 ? time : time + 20_000));
  const { time, series } = linesOf(silent, 'power');
  t.deepEqual(series[0]?.values, [1, 2, null, 3, 4]);
  t.is(time.length, 5);
  t.true(time.every((second, index) => index === 0 || second > (time[index - 1] ?? 0)));
});

test('a slow meter has no gaps between its readings', (t) => {
  t.deepEqual(linesOf(view([1, 2, 3], 60), 'power').series[0]?.values, [1, 2, 3]);
});

test('a missing step is a gap', (t) => {
  const steps = view([1, 2, 3], 60, { step: 60 });
  steps.time = [START, START + 60_000, START + 180_000];
  t.deepEqual(linesOf(steps, 'power').series[0]?.values, [1, 2, null, 3]);
});

test('phases are in order; peaks are shown where they are known', (t) => {
  const labels = (given: PowerView, measure: 'power' | 'current') =>
    linesOf(given, measure).series.map(({ label }) => label);
  t.deepEqual(labels(view([1], 1), 'current'), ['Phase 1', 'Phase 2']);
  t.deepEqual(labels(view([1], 1), 'power'), ['Mean']);
  t.deepEqual(labels(view([1], 60, { step: 60 }), 'power'), ['Mean', 'Peak']);
  t.deepEqual(labels(view([1], 60, { step: 60, max: [null] }), 'power'), ['Mean']);
});

test('a new reading comes to the end, and what has left the range goes', (t) => {
  const ten = view([1, 2, 3], 200);
  const more = appendReading(ten, at(750_000, 7), '10m');
  t.deepEqual(more.power, [2, 3, 7]);
  t.deepEqual(more.fields.current_1, [1, 1, 9]);
  t.is(more.to, START + 750_000);
  t.is(more.from, START + 150_000);
  t.is(appendReading(more, at(750_000, 8), '10m'), more, 'the same again');
  const sums = view([1], 3600, { source: 'hour' });
  t.is(appendReading(sums, at(10_000_000, 8), '30d'), sums, 'sums are asked for');
  t.deepEqual(appendReading(view([], 1), at(0, 8), '10m').power, [8]);
});

test('within a step the mean moves, beyond it a new point begins', (t) => {
  const steps = view([100, 200], 60, { step: 60, max: [100, 200] });
  const within = appendReading(steps, at(90_000, 300), '1h');
  t.is(within.time.length, 2);
  t.true((within.power[1] ?? 0) > 200 && (within.power[1] ?? 0) < 210);
  t.is(within.max[1], 300);
  const beyond = appendReading(within, at(185_000, 50), '1h');
  t.deepEqual(beyond.time.slice(2), [START + 180_000]);
  t.is(beyond.power[2], 50);
  t.deepEqual(appendReading(view([1], 60, { step: 60, max: [null] }), at(61_000, 5), '1h').max, [null, null]);
});

test('every column keeps its length', (t) => {
  let growing = view([1, 2], 5, { step: 5 });
  for (let ms = 10_000; ms < 700_000; ms += 1200) growing = appendReading(growing, at(ms, 1), '10m');
  const lengths = [growing.power, growing.max, growing.quality, ...Object.values(growing.fields)];
  t.true(lengths.every(({ length }) => length === growing.time.length));
  t.is(growing.time.length, 120);
});

test('a summary of what is there', (t) => {
  t.deepEqual(summaryOf(view([1, null, 5], 1)), { mean: 3, least: 1, most: 5, mostAt: START + 2000 });
  t.is(summaryOf(view([1, 2], 1, { step: 60, max: [9, 3] }))?.most, 9);
  t.is(summaryOf(view([null], 1)), undefined);
});

test('a table of so many rows at most', (t) => {
  const rows = tableOf(view([1, 3, 5, 7, null], 1), 3);
  t.deepEqual(rows, [
    { from: START, mean: 2, most: 3 },
    { from: START + 2000, mean: 6, most: 7 },
    { from: START + 4000, mean: null, most: null },
  ]);
});

test('a young chart begins with its first point, but does not blow up seconds', (t) => {
  const hour = 3_600_000;
  t.is(startOf(view([1], 1), START - hour, START + hour / 2), START);
  t.is(startOf(view([1], 1), START - hour + 1000, START + 1000), START + 1000 - hour / 10);
  t.is(startOf(view([1], 1), START + 5, START + hour), START + 5);
  t.is(startOf(view([], 1), START, START + hour), START);
});

test('what was fed out is drawn below nought, and the power of the phases on lines of its own', (t) => {
  const roof = view([100, -300, null], 60, { fields: { power_2: [50, -300, null], power_1: [50, 0, null] } });
  t.deepEqual(linesOf(roof, 'power').series[0]?.values, [100, -300, null]);
  t.deepEqual(linesOf(roof, 'phases').series, [
    { label: 'Phase 1', values: [50, 0, null] },
    { label: 'Phase 2', values: [50, -300, null] },
  ]);
  t.true(feedsOut(roof));
  t.false(feedsOut(view([100, 0, null], 60)));
  t.like(summaryOf(roof), { mean: -100, least: -300, most: 100 });
});
