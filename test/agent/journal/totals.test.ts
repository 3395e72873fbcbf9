import test from 'ava';
import fc from 'fast-check';
import { type Arrival, type Floor, Journal } from '../../../agent/journal/journal.ts';
import type { Reading } from '../../../shared/wire.ts';
import { testReading } from '../../support/readings.ts';

const START = Date.parse('2026-03-28T20:00:00Z');
const CADENCE = 1200;

/** What happened in one interval of a meter: kWh and currency, in exact binary fractions. */
const amount = fc.integer({ min: 1, max: 64 }).map((sixteenths) => sixteenths / 16);
/** Something always flows, one way or both. */
const flows = fc.tuple(amount, amount, fc.constantFrom('in', 'out', 'both')).map(([energy, fedOut, way]) => ({
  energy: way === 'out' ? 0 : energy,
  export_energy: way === 'in' ? 0 : fedOut,
}));
const money = fc.integer({ min: -64, max: 64 }).map((sixteenths) => sixteenths / 16);
const happening = fc.record({
  flows,
  cost: money,
  credit: money,
  cost_correction: fc.option(money, { freq: 5, nil: 0 }),
  credit_correction: fc.option(money, { freq: 5, nil: 0 }),
  /** What becomes of the reading: the meter gives it up, or the next one covers it as a gap or in its interval. */
  fate: fc.constantFrom('sent', 'sent', 'sent', 'dropped', 'in a gap', 'in one'),
  /** How many of its latest readings the meter then loses with its memory of them; it skips numbers, or begins anew. */
  forgets: fc.option(fc.integer({ min: 1, max: 4 }), { freq: 8, nil: 0 }),
  beginsAnew: fc.boolean(),
});
type Drawn = typeof happening extends fc.Arbitrary<infer H> ? H : never;
type Happening = Omit<Drawn, 'flows'> & Drawn['flows'];

const TOTALS = ['energy', 'export_energy', 'cost', 'credit'] as const;
type Sums = Record<(typeof TOTALS)[number] | 'cost_correction' | 'credit_correction', number>;

/** Of the happenings [from, to). */
function sumUp(happened: readonly Happening[], from: number, to: number): Sums {
  const sums = {
    ...{ energy: 0, export_energy: 0, cost: 0, credit: 0 },
    ...{ cost_correction: 0, credit_correction: 0 },
  };
  for (const happening of happened.slice(from, to))
    for (const key of Object.keys(sums) as (keyof Sums)[]) sums[key] += happening[key];
  return sums;
}

/** Readings as a meter makes them, by the message they come in. */
function tell(happened: readonly Happening[], exportsFrom: number): Arrival[][] {
  const messages: Arrival[][] = [[]];
  let [epoch, seq, covered] = [1, 0, 0];
  const kept: number[] = [];
  for (const [index, { fate, forgets, beginsAnew }] of happened.entries()) {
    const end = index + 1;
    if (fate === 'in a gap' || fate === 'in one') continue;
    seq += 1;
    const isGap = happened[index - 1]?.fate === 'in a gap' && end - covered > 1;
    const within = sumUp(happened, isGap ? index : covered, end);
    const missed = sumUp(happened, covered, isGap ? index : covered);
    const totals = sumUp(happened, 0, end);
    const exports = end > exportsFrom;
    const reading = testReading(seq, {
      epoch: `e${epoch}`,
      time: new Date(START + end * CADENCE).toISOString(),
      interval: ((isGap ? 1 : end - covered) * CADENCE) / 1000,
      ...{ energy: totals.energy, interval_energy: within.energy },
      ...{ cost: totals.cost + totals.cost_correction, interval_cost: within.cost },
      cost_correction: within.cost_correction + missed.cost_correction,
      ...(isGap && {
        gap_seconds: ((index - covered) * CADENCE) / 1000,
        gap_cause: 'port',
        ...{ gap_energy: missed.energy, gap_cost: missed.cost },
      }),
      ...(exports && {
        ...{ export_energy: totals.export_energy, interval_export_energy: within.export_energy },
        ...{ credit: totals.credit + totals.credit_correction, interval_credit: within.credit },
        credit_correction: within.credit_correction + missed.credit_correction,
        ...(isGap && { gap_export_energy: missed.export_energy, gap_credit: missed.credit }),
      }),
    });
    covered = end;
    kept.push(end);
    // Of what was given up before all others nobody can know.
    if (fate === 'dropped' && seq > 1) continue;
    messages.at(-1)?.push({ meter: 'main', reading });
    if (forgets === 0) continue;
    kept.splice(-forgets);
    covered = kept.at(-1) ?? 0;
    if (beginsAnew) [epoch, seq] = [epoch + 1, 0];
    else seq += 1000;
    messages.push([]);
  }
  return messages.filter((message) => message.length > 0);
}

const sent: Happening = {
  ...{ energy: 0.5, export_energy: 0.25, cost: 0.125, credit: 0.0625 },
  ...{ cost_correction: 0, credit_correction: 0, fate: 'sent', forgets: 0 },
  beginsAnew: false,
};

test('intervals, gaps and corrections add up to the totals, whatever was lost and told again', (t) => {
  const scenario = fc.record({
    happened: fc.array(happening, { maxLength: 30 }),
    exportsFrom: fc.integer({ min: 0, max: 10 }),
    cuts: fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
    again: fc.boolean(),
  });
  fc.assert(
    fc.property(scenario, ({ happened, exportsFrom, cuts, again }) => {
      // Nothing is fed out before the meter tells of it.
      const drawn = happened.map(({ flows, ...rest }): Happening => ({ ...rest, ...flows }));
      const events = [...drawn, sent].map((event, index) =>
        index < exportsFrom
          ? { ...event, energy: 0.5, export_energy: 0, credit: 0, credit_correction: 0 }
          : { ...event, forgets: index === happened.length ? 0 : event.forgets },
      );
      const journal = new Journal(':memory:', { zone: 'Europe/Berlin' });
      for (const message of tell(events, exportsFrom)) {
        for (let rest = message; rest.length > 0; ) {
          const part = rest.slice(0, cuts.next().value);
          rest = rest.slice(part.length);
          const last = part.at(-1)?.reading;
          const floors: Floor[] = last ? [{ meter: 'main', epoch: last.epoch, seq: last.seq }] : [];
          journal.append(part, floors);
          if (again) journal.append(part, floors);
        }
      }
      const readings = journal.readAfter(0, 100).map(({ reading }) => reading);
      const [newest] = readings.toSorted((a, b) => b.time.localeCompare(a.time));
      const told = toldBy(readings);
      const day = journal.rollups('day', 0, Number.MAX_SAFE_INTEGER);
      const hour = journal.rollups('hour', 0, Number.MAX_SAFE_INTEGER);
      for (const total of TOTALS) {
        const expected = newest?.[total] ?? 0;
        near(told[total], expected, `${total} of the readings`);
        for (const rollups of [day, hour]) {
          const key = total === 'export_energy' ? 'exportEnergy' : total;
          const sum = rollups.reduce((sum, rollup) => sum + rollup[key], 0);
          near(sum, expected, `${total} of the sums`);
        }
      }
      journal.close();
    }),
    { numRuns: 400 },
  );
  t.pass();
});

function toldBy(readings: readonly Reading[]): Record<(typeof TOTALS)[number], number> {
  const sum = (of: (reading: Reading) => (number | undefined)[]) =>
    readings.flatMap(of).reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return {
    energy: sum((reading) => [reading.interval_energy, reading.gap_energy]),
    export_energy: sum((reading) => [reading.interval_export_energy, reading.gap_export_energy]),
    cost: sum((reading) => [reading.interval_cost, reading.gap_cost, reading.cost_correction]),
    credit: sum((reading) => [reading.interval_credit, reading.gap_credit, reading.credit_correction]),
  };
}

function near(value: number, expected: number, what: string): void {
  if (Math.abs(value - expected) > 1e-5) throw new Error(`${what}: must be ${expected}, got ${value}`);
}
