import test from 'ava';
import fc from 'fast-check';
import { type Arrival, Journal } from '../../../agent/journal/journal.ts';
import type { Reading } from '../../../shared/wire.ts';
import { testReading } from '../../support/readings.ts';

const ALL = [0, Number.MAX_SAFE_INTEGER] as const;
const at = (seq: number, time: string, changes: Partial<Reading>): Arrival => ({
  meter: 'main',
  reading: testReading(seq, { time, ...changes }),
});
const grown = (journal: Journal, unit: 'hour' | 'day') =>
  journal
    .look(({ standings }) => standings.select(unit, ...ALL))
    .map(({ start, field, amount }) => [
      new Date(start).toISOString().slice(5, 13),
      field,
      Math.round(amount * 1e6) / 1e6,
    ]);

test('a total grows in the hour and the day in which it is told', (t) => {
  const journal = new Journal(':memory:', { zone: 'Europe/Berlin' });
  journal.append([
    at(1, '2026-05-01T20:30:00Z', { gas: 100, fixed_cost: 1 }),
    at(2, '2026-05-01T21:30:00Z', { gas: 100.5, fixed_cost: 1.1 }),
    // An interval that ends with the day belongs to it.
    at(3, '2026-05-01T22:00:00Z', { gas: 101, fixed_cost: 1.2 }),
    at(4, '2026-05-01T22:30:00Z', { gas: 101.25 }),
    at(5, '2026-05-04T09:00:00Z', { gas: 110, water: 7 }),
  ]);
  t.deepEqual(grown(journal, 'day'), [
    ['04-30T22', 'fixed_cost', 0.2],
    ['04-30T22', 'gas', 1],
    ['05-01T22', 'gas', 0.25],
    ['05-03T22', 'gas', 8.75],
    ['05-03T22', 'water', 0],
  ]);
  t.deepEqual(
    grown(journal, 'hour').filter(([, field]) => field === 'gas'),
    [
      ['05-01T20', 'gas', 0],
      ['05-01T21', 'gas', 1],
      ['05-01T22', 'gas', 0.25],
      ['05-04T08', 'gas', 8.75],
    ],
  );
  journal.close();
});

test('another meter, which counts from elsewhere, is not taken for the same', (t) => {
  const journal = new Journal(':memory:', { zone: 'UTC' });
  journal.append([
    at(1, '2026-05-01T12:00:00Z', { gas: 100 }),
    at(2, '2026-05-02T12:00:00Z', { gas: 103 }),
    at(3, '2026-05-03T12:00:00Z', { gas: 0.5 }),
    at(4, '2026-05-03T13:00:00Z', { gas: 0.75 }),
    at(5, '2026-05-03T14:00:00Z', { gas: 9000, quality: 'simulated' }),
  ]);
  t.deepEqual(grown(journal, 'day'), [
    ['05-01T00', 'gas', 0],
    ['05-02T00', 'gas', 3],
    ['05-03T00', 'gas', 0.25],
    ['05-03T00', 'gas', 0],
  ]);
  journal.close();
});

test('days and hours add up to what it grew by, whatever the order and the commits', (t) => {
  const steps = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 20 });
  const cut = fc.infiniteStream(fc.integer({ min: 1, max: 6 }));
  const order = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));
  fc.assert(
    fc.property(steps, cut, order, fc.constantFrom('UTC', 'Asia/Kathmandu'), (steps, cut, order, zone) => {
      const journal = new Journal(':memory:', { zone });
      let [time, gas] = [Date.parse('2026-03-28T12:00:00Z'), 500];
      const arrivals = steps.map((step, index) => {
        time += step * 1000;
        gas += step / 1024;
        return at(index + 1, new Date(time).toISOString(), { gas });
      });
      const shuffled = arrivals
        .map((arrival) => ({ arrival, key: order.next().value ?? 0 }))
        .sort((a, b) => a.key - b.key)
        .map(({ arrival }) => arrival);
      for (let rest = shuffled; rest.length > 0; ) {
        const part = rest.slice(0, cut.next().value ?? 1);
        journal.append(part);
        rest = rest.slice(part.length);
      }
      const expected = gas - (arrivals[0]?.reading.gas ?? 0);
      for (const unit of ['hour', 'day'] as const) {
        const sum = journal
          .look(({ standings }) => standings.select(unit, ...ALL, 'main'))
          .reduce((sum, { amount }) => sum + amount, 0);
        if (Math.abs(sum - expected) > 1e-6) throw new Error(`${unit}s: must be ${expected}, got ${sum}`);
      }
      t.deepEqual(
        journal.look(({ standings }) => standings.select('day', ...ALL, 'garage')),
        [],
      );
      journal.close();
    }),
    { numRuns: 100 },
  );
});
