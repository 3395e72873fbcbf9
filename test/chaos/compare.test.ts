import test from 'ava';
import type { Reading } from '../../shared/wire.ts';
import { testReading } from '../support/readings.ts';
import { COMPARED, compare, type Evidence, isClean } from './compare.ts';
import { Device, KWH_PER_COUNT, lineNumber } from './device.ts';
import { Spans } from './spans.ts';

const MARGIN = 100;
const LINES = 200;
const PACE = 100;
const FIRST = Date.parse('2026-07-01T12:00:00Z');

/** A run without faults: a line every 100 ms, each read, journalled and stored. */
function evidence(
  change: (readings: Reading[]) => Reading[] = (readings) => readings,
  store: (readings: Reading[]) => Reading[] = (readings) => readings,
): Evidence {
  const device = new Device();
  let before = 0;
  const made = Array.from({ length: LINES }, (_, index) => {
    const { number, counts, text } = device.measure(PACE);
    const [mA1 = 0, mA2 = 0] = text.split(';')[1]?.split(',').slice(4, 6).map(Number) ?? [];
    const reading = testReading(number, {
      time: new Date(FIRST + index * PACE).toISOString(),
      current_1: mA1 / 1000,
      current_2: mA2 / 1000,
      energy: counts * KWH_PER_COUNT,
      interval_energy: (counts - before) * KWH_PER_COUNT,
    });
    before = counts;
    return { line: { number, counts, sentAt: number * PACE }, reading };
  });
  const spans = new Spans();
  spans.opened(0);
  const readings = change(made.map(({ reading }) => reading));
  return {
    lines: made.map(({ line }) => line),
    spans: spans.list,
    decoded: [],
    full: [],
    readings,
    stored: points(store(readings)),
  };
}

function points(readings: Reading[]) {
  return new Map(
    COMPARED.map(({ field, of }) => [
      field,
      new Map(readings.map((reading) => [Date.parse(reading.time), [of(reading) ?? Number.NaN]])),
    ]),
  );
}

const without = (line: number) => (readings: Reading[]) =>
  readings.filter((reading) => lineNumber(reading) !== line);
const changed = (line: number, changes: object) => (readings: Reading[]) =>
  readings.map((reading) => (lineNumber(reading) === line ? { ...reading, ...changes } : reading));

test('a run without faults is clean', (t) => {
  const result = compare(evidence(), MARGIN);
  t.like(result, { sent: LINES, decoded: LINES, journal: LINES, store: LINES, lost: 0, duplicated: 0 });
  t.like(result, { reordered: 0, inFlight: 0, unkept: 0, problems: [] });
  t.true(result.energyErrorKwh < 1e-9);
  t.true(isClean(result));
});

test('an empty journal is not clean', (t) => {
  t.false(isClean(compare({ ...evidence(() => []), spans: [] }, MARGIN)));
});

test('a line that is not in the journal is lost, and its energy with it', (t) => {
  const result = compare(evidence(without(150)), MARGIN);
  t.like(result, { decoded: LINES, journal: LINES - 1, lost: 1 });
  t.like(result.problems[0], { kind: 'lost', where: 'journal', line: 150 });
  t.true(result.energyErrorKwh >= KWH_PER_COUNT * 0.99);
  t.false(isClean(result));
});

test('a reading that is not in the store is lost', (t) => {
  const result = compare(evidence(undefined, without(150)), MARGIN);
  t.like(result, { store: LINES - 1, lost: 1, problems: { length: 1 } });
  t.like(result.problems[0], { kind: 'lost', where: 'store', line: 150 });
  t.false(isClean(result));
});

test('a reading of which the store has only a part is lost', (t) => {
  const run = evidence();
  const power = new Map(run.stored.get('power_watts'));
  power.delete(FIRST + 149 * PACE);
  const result = compare({ ...run, stored: new Map([...run.stored, ['power_watts', power]]) }, MARGIN);
  t.like(result, { store: LINES, lost: 1, problems: { length: 1 } });
  t.false(isClean(result));
});

test('a reading whose value the store has differently is found', (t) => {
  const result = compare(evidence(undefined, changed(150, { power: 1 })), MARGIN);
  t.like(result, { lost: 0, problems: { length: 1 } });
  t.like(result.problems[0], { kind: 'changed', where: 'store', line: 150 });
  t.regex(
    result.problems[0]?.details ?? '',
    /power_watts at 2026-07-01T12:00:14.900Z: 360, the store has 1$/,
  );
  t.false(isClean(result));
});

test('a reading that is in the store twice, at one time or at two, is found', (t) => {
  const run = evidence();
  const power = run.stored.get('power_watts') ?? new Map<number, number[]>();
  const twice = new Map<number, readonly number[]>([...power, [FIRST, [360, 360]], [FIRST + 50, [360]]]);
  const result = compare({ ...run, stored: new Map([...run.stored, ['power_watts', twice]]) }, MARGIN);
  t.deepEqual(
    result.problems.map(({ kind, where }) => [kind, where]),
    [
      ['duplicated', 'store'],
      ['invented', 'store'],
    ],
  );
  t.is(result.duplicated, 1);
  t.false(isClean(result));
});

test('a line that makes two readings is duplicated, and its energy with it', (t) => {
  const again = (readings: Reading[]) =>
    readings.flatMap((reading) =>
      lineNumber(reading) === 150
        ? [reading, { ...reading, seq: 9000, time: new Date(FIRST - 1).toISOString() }]
        : [reading],
    );
  const result = compare(evidence(again), MARGIN);
  t.is(result.duplicated, 1);
  t.like(result.problems[0], { kind: 'duplicated', where: 'journal', line: 150 });
  t.true(result.energyErrorKwh >= KWH_PER_COUNT * 0.99);
});

test('a reading of a line that was never sent is invented', (t) => {
  const run = evidence();
  const lines = run.lines.map(({ sentAt, ...line }) =>
    line.number === 150 ? line : { ...line, sentAt: sentAt ?? 0 },
  );
  const result = compare({ ...run, lines }, MARGIN);
  t.like(result.problems[0], { kind: 'invented', where: 'journal', line: 150 });
});

test('a total that jumps is an energy error, though every interval is right', (t) => {
  const jump = (readings: Reading[]) =>
    readings.map((reading) => ({
      ...reading,
      energy: reading.energy + (reading.seq > 100 ? KWH_PER_COUNT : 0),
    }));
  const result = compare(evidence(jump), MARGIN);
  t.deepEqual(
    result.problems.map(({ kind, line }) => [kind, line]),
    [['energy', 101]],
  );
  t.true(Math.abs(result.energyErrorKwh - KWH_PER_COUNT) < 1e-9);
  t.false(isClean(result));
});

test('an interval that is left out is an energy error, unless a gap carries it', (t) => {
  const [{ interval_energy } = testReading()] = evidence().readings.slice(149);
  const result = compare(evidence(changed(150, { interval_energy: 0 })), MARGIN);
  t.true(Math.abs(result.energyErrorKwh - interval_energy) < 1e-9 && interval_energy > 0);
  t.false(isClean(result));
  const gap = { interval_energy: 0, gap_energy: interval_energy };
  t.true(isClean(compare(evidence(changed(150, gap)), MARGIN)));
});

test('a reading whose time is before that of an earlier one is reordered, which is no fault', (t) => {
  const result = compare(evidence(changed(150, { time: new Date(FIRST - 1).toISOString() })), MARGIN);
  t.is(result.reordered, 1);
  t.true(isClean(result));
});

/** A run whose meter was killed, 10 ms after line 150 was sent, and read no more. */
function killed(...missing: number[]): Evidence {
  const run = evidence((readings) =>
    readings.filter((reading) => lineNumber(reading) <= 150 && !missing.includes(lineNumber(reading))),
  );
  const spans = new Spans();
  spans.opened(0);
  spans.ended(150 * PACE + 10);
  return { ...run, spans: spans.list };
}

test('what was sent just before the meter’s end is in flight, what was sent before that is lost', (t) => {
  const inFlight = compare(killed(150), MARGIN);
  t.like(inFlight, { lost: 0, inFlight: 1, oldestInFlightMs: 10 });
  t.true(isClean(inFlight));
  t.like(compare(killed(149), MARGIN), { lost: 1, inFlight: 0 });
});

test('what the meter logged as decoded is lost however late it was, the last line apart', (t) => {
  const decoded = [148, 149, 150].map((number) => ({ number, life: 7 }));
  const result = compare({ ...killed(149, 150), decoded }, 1000);
  t.like(result, { lost: 1, inFlight: 1, decoded: 150 });
  t.like(result.problems[0], { kind: 'lost', where: 'journal', line: 149, details: 'the meter decoded it' });
});

test('time in which the meter stood still is no time to read', (t) => {
  const run = killed(148, 149, 150);
  const spans = new Spans();
  spans.opened(0);
  spans.stopped(148 * PACE + 50);
  spans.stopped(148 * PACE + 60);
  spans.continued(150 * PACE + 5);
  spans.ended(150 * PACE + 10);
  t.like(compare({ ...run, spans: spans.list }, MARGIN), { lost: 0, inFlight: 3, oldestInFlightMs: 55 });
  t.like(compare({ ...run, spans: spans.list }, 54), { lost: 1, inFlight: 2 });
});

test('what was sent before the meter read its first line after opening may be missing', (t) => {
  const run = evidence((readings) => readings.slice(2));
  const spans = new Spans();
  spans.opened(2 * PACE - 10);
  t.like(compare({ ...run, spans: spans.list }, MARGIN), { lost: 0, inFlight: 0 });
  t.like(compare({ ...evidence(without(20)), spans: spans.list }, MARGIN), { lost: 1 });
});

test('a meter that reads nothing at all has lost what it had time for', (t) => {
  const run = evidence((readings) => readings.slice(0, 100));
  const spans = new Spans();
  spans.opened(0);
  spans.ended(100 * PACE + 50);
  spans.opened(110 * PACE);
  t.is(compare({ ...run, spans: spans.list }, MARGIN).lost, LINES - 111);
});

test('what a meter read on a full disk and was killed with is unkept, not lost', (t) => {
  const run = killed(148, 149);
  const end = 150 * PACE + 10;
  t.like(compare({ ...run, full: [{ from: 149 * PACE - 1, to: end + 1 }] }, 50), { lost: 1, unkept: 1 });
  t.like(compare({ ...run, full: [{ from: 148 * PACE, to: end - 1 }] }, 50), { lost: 2, unkept: 0 });
});
