import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { Book } from '../../../../meter/tariff/dynamic/book.ts';
import { createCorrections, keepCharges } from '../../../../meter/tariff/dynamic/corrections.ts';
import { createPricing } from '../../../../meter/tariff/pricing.ts';
import { tariffSchema } from '../../../../shared/settings/tariff.ts';
import { silentLog, temporaryFolder } from '../../../support/system.ts';

const START = Date.parse('2026-10-24T20:00:00Z');
const QUARTER = 900_000;

const tariff = tariffSchema.parse({
  name: 'spot',
  currency: 'EUR',
  zone: 'Europe/Berlin',
  periods: [
    { name: 'evening', price: [{ up_to: 3, price: 0.02 }, { price: 0.05 }], from: '18:00', to: '23:00' },
    { name: 'all', price: [{ up_to: 5, price: 0.01 }, { price: 0.04 }] },
  ],
  dynamic: {
    import: { file: 'a.json', shape: 'octopus' },
    export: { file: 'b.json', shape: 'octopus' },
    fallback: 0.3,
  },
});

const keepNothing = { load: () => undefined, save: () => {} };
const price = fc.integer({ min: -50, max: 400 }).map((cents) => cents / 1000);

test('whenever prices become known: what was charged and its corrections are what the last prices make', (t) => {
  const folder = temporaryFolder(t);
  let run = 0;
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 8 }), price, fc.constantFrom('import', 'export')),
        {
          minLength: 10,
          maxLength: 40,
          size: 'max',
        },
      ),
      fc.array(
        fc.tuple(
          fc.integer({ min: 1, max: 40 * 60_000 }),
          fc.integer({ min: 0, max: 200 }).map((parts) => parts / 100),
        ),
        {
          minLength: 5,
          maxLength: 40,
          size: 'max',
        },
      ),
      fc.infiniteStream(fc.nat(1)),
      fc.nat(39),
      (publications, flows, turns, restartAt) => {
        const book = new Book();
        const pricing = createPricing(tariff, book);
        run += 1;
        const keep = keepCharges(folder, `m${run}`, { log: silentLog, now: () => START });
        let corrections = createCorrections(tariff, { pricing, book }, keep);
        const left = [...publications];
        let [cost, credit] = [0, 0];
        const correct = () => {
          const correction = corrections.take();
          cost += correction?.cost ?? 0;
          credit += correction?.credit ?? 0;
        };
        const publish = () => {
          const [slot, length, published, side] = left.shift() ?? [0, 1, 0.1, 'import'];
          const from = START + slot * QUARTER;
          const entries = [{ from, to: from + length * QUARTER, price: published }];
          book.learn(side === 'import' ? 'import' : 'export', entries, START);
        };
        const charged: { from: number; to: number; flow: { import: number; export: number } }[] = [];
        let bill = createPricing(tariff).charge({ import: 0, export: 0 }, START, START).bill;
        let from = START;
        for (const [index, [length, energy]] of flows.entries()) {
          for (let turn = turns.next().value; turn > 0 && left.length > 0; turn -= 1) publish();
          correct();
          const to = from + length;
          const flow =
            index % 3 === 0 ? { import: 0, export: energy } : { import: energy, export: energy / 10 };
          const charge = pricing.charge(flow, from, to, bill);
          corrections.note(from, to, flow);
          cost += charge.cost;
          credit += charge.credit;
          bill = charge.bill;
          charged.push({ from, to, flow });
          from = to;
          if (index === restartAt) {
            corrections.save();
            corrections = createCorrections(tariff, { pricing, book }, keep);
          }
        }
        while (left.length > 0) publish();
        correct();
        let [finalCost, finalCredit] = [0, 0];
        let finalBill = createPricing(tariff).charge({ import: 0, export: 0 }, START, START).bill;
        for (const { from, to, flow } of charged) {
          const charge = pricing.charge(flow, from, to, finalBill);
          finalCost += charge.cost;
          finalCredit += charge.credit;
          finalBill = charge.bill;
        }
        t.true(Math.abs(cost - finalCost) < 1e-6, `${cost} is not ${finalCost}`);
        t.true(Math.abs(credit - finalCredit) < 1e-6, `${credit} is not ${finalCredit}`);
        t.is(corrections.take(), undefined, 'nothing is handed out twice');
      },
    ),
    { numRuns: 25 },
  );
});

test('a correction is kept before it is handed out, and quarters as they end', (t) => {
  const folder = temporaryFolder(t);
  const deps = { log: silentLog, now: () => START };
  const book = new Book();
  const pricing = createPricing(tariff, book);
  const begin = () => createCorrections(tariff, { pricing, book }, keepCharges(folder, 'main', deps));
  const first = begin();
  first.note(START, START + 60_000, { import: 1, export: 0 });
  first.note(START + QUARTER, START + QUARTER + 60_000, { import: 1, export: 0 });
  book.learn('import', [{ from: START, to: START + 2 * QUARTER, price: 0.1 }], START);
  // A crash before the correction is taken: the next process makes it.
  const second = begin();
  t.true(Math.abs((second.take()?.cost ?? 0) + 0.4) < 1e-9);
  // And one after: it was.
  t.is(begin().take(), undefined);
});

test('under another tariff nothing is corrected; a damaged file is set aside', (t) => {
  const folder = temporaryFolder(t);
  const deps = { log: silentLog, now: () => START };
  const book = new Book();
  const pricing = createPricing(tariff, book);
  const path = join(folder, 'charges-main.json');
  const begin = (of = tariff) => createCorrections(of, { pricing, book }, keepCharges(folder, 'main', deps));
  begin().note(START, START + 60_000, { import: 1, export: 0 });
  book.learn('import', [{ from: START, to: START + QUARTER, price: 0.1 }], START);
  t.is(begin({ ...tariff, export_price: 0.1 }).take(), undefined);
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, -5));
  t.is(begin().take(), undefined);
  t.false(existsSync(path));
});

test('two days are remembered, also of a gap that is longer', (t) => {
  const book = new Book();
  const pricing = createPricing(tariff, book);
  let kept = { cells: [] as unknown[] };
  const keep = {
    load: () => undefined,
    save: (state: { cells: unknown[] }) => {
      kept = state;
    },
  };
  const corrections = createCorrections(tariff, { pricing, book }, keep);
  corrections.note(START, START + 400 * 86_400_000, { import: 400, export: 0 });
  t.true(kept.cells.length <= 200 && kept.cells.length >= 192);
  const end = START + 400 * 86_400_000;
  book.learn('import', [{ from: end - 86_400_000, to: end, price: 0.2 }], end);
  t.true(Math.abs((corrections.take()?.cost ?? 0) + 0.1) < 1e-6, 'a day’s kWh, a tenth cheaper');
  t.is(createCorrections(tariff, { pricing, book }, keepNothing).take(), undefined);
});
