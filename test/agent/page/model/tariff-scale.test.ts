import test from 'ava';
import fc from 'fast-check';
import { STOPS, tariffScale } from '../../../../agent/page/model/tariff-scale.ts';
import { createPricing } from '../../../../meter/tariff/pricing.ts';
import { sceTouDA } from '../../../../meter/tariff/shipped/sce-tou-d-a.ts';

const scaleOf = (...prices: number[]) => [
  ...tariffScale(prices.map((price, index) => ({ name: `p${index}`, price }))).values(),
];

test('one price is the cheapest; two are the ends', (t) => {
  t.deepEqual(scaleOf(0.3), [0]);
  t.deepEqual(scaleOf(0.4, 0.1), [STOPS - 1, 0]);
  t.deepEqual(scaleOf(), []);
});

test('what costs the same looks the same', (t) => {
  t.deepEqual(scaleOf(0.1, 0.2, 0.1), [0, STOPS - 1, 0]);
});

test('colours follow the price, and near prices are still told apart', (t) => {
  t.deepEqual(scaleOf(0.1, 0.3, 0.31), [0, STOPS - 2, STOPS - 1]);
  t.deepEqual(scaleOf(0.1, 0.11, 0.5), [0, 1, STOPS - 1]);
});

test('the three periods of each season are far from each other', (t) => {
  const scale = tariffScale(createPricing(sceTouDA).periods);
  const of = (season: string) =>
    ['super off-peak', 'off-peak', 'on-peak'].map((period) => scale.get(`${season} ${period}`));
  t.deepEqual(of('summer'), [0, 4, 8]);
  t.deepEqual(of('winter'), [1, 3, 5]);
});

test('any tariff: within the colours, dearer never cooler, distinct while there are enough', (t) => {
  const prices = fc.array(fc.float({ min: Math.fround(-1), max: 1, noNaN: true }), { maxLength: 24 });
  fc.assert(
    fc.property(prices, (given) => {
      const stops = scaleOf(...given);
      const pairs = given.map((price, index) => [price, stops[index] ?? -1] as const);
      t.true(pairs.every(([, stop]) => Number.isInteger(stop) && stop >= 0 && stop < STOPS));
      for (const [a, stopA] of pairs)
        for (const [b, stopB] of pairs) if (a < b && stopA > stopB) t.fail(`${a} ${b}`);
      const distinct = new Set(given.map((price) => price + 0)).size;
      if (distinct <= STOPS) t.is(new Set(stops).size, distinct);
    }),
  );
});
