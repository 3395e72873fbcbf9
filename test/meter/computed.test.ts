import test from 'ava';
import fc from 'fast-check';
import { Computed, type ComputedState } from '../../meter/computed.ts';
import type { Reading } from '../../shared/wire.ts';
import { testReading } from '../support/readings.ts';

const reading = (energy: number, more: Partial<Reading> = {}): Reading => ({
  ...testReading(1),
  energy,
  ...more,
});
const REST = { plus: ['grid'], minus: ['car', 'heat'] };
const patience = () => 5000;

test('power and energy are those of the whole less those of its parts', (t) => {
  const rest = new Computed(REST, patience);
  t.is(rest.hears('car', reading(100, { power: 3000 }), 0), undefined);
  t.is(rest.hears('heat', reading(50, { power: 500 }), 0), undefined);
  t.like(rest.hears('grid', reading(1000, { power: 4200 }), 100), {
    phases: [],
    power: 700,
    registers: { import: 0 },
  });
  rest.hears('car', reading(101), 1000);
  t.like(rest.hears('grid', reading(1003), 1100), { registers: { import: 2 } });
});

test('it tells something with each reading of its first member, and with no other', (t) => {
  const rest = new Computed(REST, patience);
  for (const member of ['car', 'heat']) t.is(rest.hears(member, reading(1), 0), undefined);
  t.truthy(rest.hears('grid', reading(1), 1));
  t.is(rest.hears('car', reading(1), 2), undefined);
  t.is(rest.hears('stranger', reading(1), 3), undefined);
});

test('it tells whom it waits for', (t) => {
  const rest = new Computed(REST, patience);
  t.deepEqual(rest.away(0), ['grid', 'car', 'heat']);
  for (const member of ['heat', 'grid', 'car']) rest.hears(member, reading(1), 1000);
  t.deepEqual(rest.away(6000), []);
  rest.hears('car', reading(1), 5000);
  t.deepEqual(rest.away(6001), ['grid', 'heat']);
});

test('while one is away it waits, and then nothing is lost', (t) => {
  const rest = new Computed({ plus: ['grid'], minus: ['car'] }, patience);
  rest.hears('car', reading(10), 0);
  rest.hears('grid', reading(100), 0);
  t.truthy(rest.hears('grid', reading(102), 5000));
  t.is(rest.hears('grid', reading(110), 5001), undefined);
  rest.hears('car', reading(13), 9000);
  t.like(rest.hears('grid', reading(120), 9001), { registers: { import: 17 } });
});

test('a part that is told before its whole is a debt: the register never falls, and is right again soon', (t) => {
  const rest = new Computed({ plus: ['grid'], minus: ['car'] }, patience);
  const imported = (grid: number, car: number) => {
    rest.hears('car', reading(car), 0);
    return rest.hears('grid', reading(grid), 0)?.registers?.import;
  };
  t.is(imported(100, 10), 0);
  t.is(imported(101, 10), 1);
  t.is(imported(101, 11.5), 1);
  t.is(imported(102, 11.5), 1);
  t.is(imported(103, 11.5), 1.5);
});

test('what a member did not count makes the next sample an estimate, and no other', (t) => {
  const rest = new Computed({ plus: ['grid'], minus: ['car'] }, patience);
  const tell = () => rest.hears('grid', reading(100), 0)?.estimated;
  rest.hears('car', reading(1), 0);
  t.is(tell(), undefined);
  rest.hears('car', reading(1, { gap_seconds: 60, gap_cause: 'port', gap_estimated_energy: 0.1 }), 0);
  rest.hears('car', reading(1), 0);
  t.true(tell());
  t.is(tell(), undefined);
  rest.hears('car', reading(1, { quality: 'estimated' }), 0);
  t.true(tell());
});

test('what a member feeds out is taken off the whole', (t) => {
  const rest = new Computed({ plus: ['grid'], minus: ['solar'] }, patience);
  rest.hears('solar', reading(0, { export_energy: 10, power: -2000 }), 0);
  rest.hears('grid', reading(100, { export_energy: 5 }), 0);
  rest.hears('solar', reading(0, { export_energy: 14, power: -2000 }), 0);
  // 4 kWh of the sun, of which 1 went out and 3 stayed, and 2 were bought.
  const sample = rest.hears('grid', reading(102, { export_energy: 6, power: -500 }), 0);
  t.like(sample, { power: 1500, registers: { import: 5 } });
  t.is(sample?.registers?.export, undefined);
});

test('a sum of meters adds up what they take in and what they feed out, apart', (t) => {
  const sum = new Computed({ plus: ['east', 'west'], minus: [] }, patience);
  sum.hears('west', reading(1, { export_energy: 10 }), 0);
  sum.hears('east', reading(2, { export_energy: 20 }), 0);
  sum.hears('west', reading(1.5, { export_energy: 11 }), 0);
  t.deepEqual(sum.hears('east', reading(2.25, { export_energy: 22 }), 0)?.registers, {
    import: 0.75,
    export: 3,
  });
});

test('a member that began to count anew is counted from there, one that fell back a little is not counted twice', (t) => {
  const sum = new Computed({ plus: ['a'], minus: [] }, patience);
  const imported = (energy: number) => sum.hears('a', reading(energy), 0)?.registers?.import;
  t.is(imported(500), 0);
  t.is(imported(510), 10);
  t.is(imported(2), 12);
  t.is(imported(1.5), 12);
  t.is(imported(3), 13);
});

/** What two members count, in which order they are heard, and when the process ends. */
const steps = fc.array(
  fc.record({
    who: fc.constantFrom('grid', 'car', 'heat', 'restart', 'lost'),
    rest: fc.integer({ min: 0, max: 1000 }),
    car: fc.integer({ min: 0, max: 3000 }),
    heat: fc.integer({ min: 0, max: 2000 }),
    wait: fc.constantFrom(10, 1000, 20_000),
  }),
  { minLength: 1, maxLength: 60 },
);

test('whatever comes in whichever order, with gaps, restarts and readings that are lost in them: rest and parts make the whole', (t) => {
  fc.assert(
    fc.property(steps, (story) => {
      const wh = { car: 0, heat: 0, rest: 0 };
      const kWh = (name: string) =>
        (name === 'grid' ? wh.car + wh.heat + wh.rest : (wh[name as 'car'] ?? 0)) / 1000 + 123.456;
      let kept: ComputedState | undefined;
      let rest = new Computed(REST, patience, kept);
      let at = 0;
      let shown = 0;
      const hear = (name: string, keeps = true) => {
        const sample = rest.hears(name, reading(Math.round(kWh(name) * 1e9) / 1e9), at);
        const { import: imported = 0 } = sample?.registers ?? {};
        if (sample === undefined) return;
        t.true(imported >= shown, 'it never falls');
        // A reading that did not reach the outbox was not seen by anybody.
        if (!keeps) return;
        shown = imported;
        kept = structuredClone(rest.state);
      };
      const all = () => {
        for (const name of ['car', 'heat', 'grid']) hear(name);
      };
      all();
      for (const { who, wait, ...used } of story) {
        at += wait;
        for (const name of ['car', 'heat', 'rest'] as const) wh[name] += used[name];
        if (who === 'restart') rest = new Computed(REST, patience, structuredClone(kept));
        else if (who === 'lost') hear('grid', false);
        else hear(who);
        if (who === 'lost') rest = new Computed(REST, patience, structuredClone(kept));
      }
      all();
      // What is left of a debt is paid by what comes next.
      wh.rest += 1_000_000;
      all();
      t.true(Math.abs(shown - wh.rest / 1000) < 1e-6, `${shown} kWh of ${wh.rest / 1000}`);
    }),
    { numRuns: 500 },
  );
});
