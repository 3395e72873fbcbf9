import test from 'ava';
import fc from 'fast-check';
import { type Arrival, Journal } from '../../../agent/journal/journal.ts';
import type { Reading } from '../../../shared/wire.ts';
import { testReading } from '../../support/readings.ts';

const ALL = [0, Number.MAX_SAFE_INTEGER] as const;
const at = (time: string, changes: Partial<Reading>): Arrival => ({
  meter: 'main',
  reading: testReading(changes.seq ?? 1, { time, ...changes }),
});

test('an interval over midnight is split pro rata; its reading counts where it ends', (t) => {
  const journal = new Journal(':memory:', { zone: 'America/Los_Angeles' });
  const four = { interval: 4, interval_energy: 0.4, interval_cost: 0.04 };
  journal.append([
    at('2026-11-02T08:00:01Z', { seq: 1, power: 100, ...four }),
    at('2026-11-02T08:00:05Z', { seq: 2, power: 300, ...four, tariff: 'on-peak' }),
  ]);
  const common = { meter: 'main', quality: 'measured', exportEnergy: 0, credit: 0 };
  const shown = journal.rollups('hour', ...ALL).map((rollup) => ({
    ...rollup,
    start: new Date(rollup.start).toISOString(),
    energy: Number(rollup.energy.toFixed(9)),
    cost: Number(rollup.cost.toFixed(9)),
  }));
  const offPeak = { ...common, tariff: 'off-peak', maxPower: 100 };
  t.deepEqual(shown, [
    { ...offPeak, start: '2026-11-02T07:00:00.000Z', seconds: 3, readings: 0, energy: 0.3, cost: 0.03 },
    { ...offPeak, start: '2026-11-02T08:00:00.000Z', seconds: 1, readings: 1, energy: 0.1, cost: 0.01 },
    {
      ...common,
      tariff: 'on-peak',
      maxPower: 300,
      start: '2026-11-02T08:00:00.000Z',
      seconds: 4,
      readings: 1,
      energy: 0.4,
      cost: 0.04,
    },
  ]);
  const days = journal.rollups('day', ...ALL);
  // The first of November has 25 hours there.
  t.deepEqual(
    days.map(({ start, readings }) => [new Date(start).toISOString(), readings]),
    [
      ['2026-11-01T07:00:00.000Z', 0],
      ['2026-11-02T08:00:00.000Z', 1],
      ['2026-11-02T08:00:00.000Z', 1],
    ],
  );
  t.is(journal.rollups('day', Date.parse('2026-11-02T08:00:00Z'), Number.MAX_SAFE_INTEGER).length, 2);
  journal.close();
});

test('what was counted in a gap is spread over it; a gap nobody counted adds nothing', (t) => {
  const journal = new Journal(':memory:', { zone: 'UTC' });
  const none = { interval: 0, interval_energy: 0, interval_cost: 0, gap_cause: 'reader' as const };
  journal.append([
    at('2026-05-01T12:00:00Z', { seq: 1, ...none, gap_seconds: 7200, gap_energy: 3, gap_cost: 0.6 }),
    at('2026-05-01T15:00:00Z', { seq: 2, ...none, gap_seconds: 7200, gap_estimated_energy: 9 }),
  ]);
  t.deepEqual(
    journal
      .rollups('hour', ...ALL)
      .map(({ start, seconds, readings, energy, maxPower }) => [
        new Date(start).getUTCHours(),
        ...[seconds, readings, energy, maxPower],
      ]),
    [
      [10, 3600, 0, 1.5, 1500],
      [11, 3600, 0, 1.5, 1500],
      [12, 0, 1, 0, 360],
      [15, 0, 1, 0, 360],
    ],
  );
  journal.close();
});

test('what is fed out, and what it earns, is summed up beside what is taken in; corrections where they come', (t) => {
  const journal = new Journal(':memory:', { zone: 'UTC' });
  journal.append([
    at('2026-05-01T00:00:02Z', {
      ...{ seq: 1, interval: 4, power: -1800, interval_energy: 0, interval_cost: 0 },
      ...{ interval_export_energy: 0.002, interval_credit: 0.0002, cost_correction: -0.5 },
    }),
    at('2026-05-01T02:00:00Z', {
      ...{ seq: 2, interval: 0, power: -50, interval_energy: 0, interval_cost: 0, credit_correction: 0.25 },
      ...{ gap_seconds: 3600, gap_energy: 1, gap_cost: 0.3, gap_export_energy: 3, gap_credit: 0.6 },
    }),
  ]);
  const shown = journal
    .rollups('hour', ...ALL)
    .map(({ start, energy, cost, exportEnergy, credit, maxPower }) => [
      new Date(start).toISOString().slice(8, 13),
      ...[energy, cost, exportEnergy, credit, maxPower],
    ]);
  t.deepEqual(shown, [
    ['30T23', 0, 0, 0.001, 0.0001, -1800],
    ['01T00', 0, -0.5, 0.001, 0.0001, -1800],
    ['01T01', 1, 0.3, 3, 0.6, -2000],
    ['01T02', 0, 0, 0, 0.25, -50],
  ]);
  journal.close();
});

test('whatever claims to cover ages is spread over a year or so', (t) => {
  const journal = new Journal(':memory:', { zone: 'UTC' });
  journal.append([at('2026-05-01T12:00:00Z', { gap_seconds: 1e15, gap_energy: 5, gap_cause: 'reader' })]);
  t.true(journal.rollups('hour', -ALL[1], ALL[1]).length < 10_000);
  const energy = journal.rollups('day', -ALL[1], ALL[1]).reduce((sum, rollup) => sum + rollup.energy, 0);
  t.is(energy.toFixed(6), '5.001000');
  journal.close();
});

test('the sums are those of the readings, whatever the order, the repetitions and the commits; for ever', (t) => {
  const reading = fc.record({
    seq: fc.integer({ min: 1, max: 40 }),
    interval: fc.constantFrom(0, 0.5, 1.2, 3600, 100_000),
    gap: fc.option(fc.integer({ min: 1, max: 200_000 }), { freq: 4 }),
    tariff: fc.constantFrom('on-peak', 'off-peak'),
    meter: fc.constantFrom('main', 'garage'),
  });
  const commits = fc.array(fc.array(reading, { maxLength: 10 }), { maxLength: 8 });
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'Australia/Lord_Howe');
  fc.assert(
    fc.property(commits, zones, (commits, zone) => {
      const journal = new Journal(':memory:', { zone });
      const keys = new Set<string>();
      for (const commit of commits) {
        const arrivals = commit.map(({ seq, interval, gap, tariff, meter }) => {
          const gapFields = gap === null ? {} : { gap_seconds: gap, gap_energy: gap / 7, gap_cost: gap / 11 };
          const time = new Date(Date.parse('2026-03-20T00:00:00Z') + seq * 7_777_777).toISOString();
          const energies = { interval_energy: seq / 3, interval_cost: seq / 5, ...gapFields };
          const arrival = { meter, reading: testReading(seq, { time, interval, tariff, ...energies }) };
          keys.add(`${meter} ${seq}`);
          return arrival;
        });
        journal.append(arrivals);
      }
      // As they are journalled: covering nothing that an earlier one covers.
      const held = journal.readAfter(0, 1000);
      const sum = (of: (reading: Reading) => number) =>
        held.reduce((sum, { reading }) => sum + of(reading), 0);
      const expected = [
        keys.size,
        sum(({ interval, gap_seconds = 0 }) => interval + gap_seconds),
        sum(({ interval_energy, gap_energy = 0 }) => interval_energy + gap_energy),
        sum(({ interval_cost, gap_cost = 0 }) => interval_cost + gap_cost),
      ];
      const check = () => {
        for (const unit of ['hour', 'day'] as const) {
          const rollups = journal.rollups(unit, ...ALL);
          const total = (of: 'readings' | 'seconds' | 'energy' | 'cost') =>
            rollups.reduce((sum, rollup) => sum + rollup[of], 0);
          const sums = [total('readings'), total('seconds'), total('energy'), total('cost')];
          for (const [index, value] of sums.entries())
            t.true(Math.abs(value - (expected[index] ?? 0)) < 1e-6, `${unit}: ${sums} for ${expected}`);
        }
      };
      check();
      while (journal.expire({ age: 1, size: 1e9 }, []) > 0);
      t.true(journal.readAfter(0, 100).length <= 2, 'the newest of each meter');
      check();
      journal.close();
    }),
    { numRuns: 150 },
  );
});
