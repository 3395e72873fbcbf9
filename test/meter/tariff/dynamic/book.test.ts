import test from 'ava';
import fc from 'fast-check';
import { Book } from '../../../../meter/tariff/dynamic/book.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 1);

const published = fc.array(
  fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 15 }), fc.integer({ min: -3, max: 3 })),
  { maxLength: 25 },
);

test('the book agrees with an array of moments, whatever is published over what', (t) => {
  fc.assert(
    fc.property(published, published, (bought, sold) => {
      const book = new Book();
      const truth = { import: new Map<number, number>(), export: new Map<number, number>() };
      for (const [side, list] of [
        ['import', bought],
        ['export', sold],
      ] as const)
        for (const [from, length, price] of list) {
          book.learn(side, [{ from: NOW + from, to: NOW + from + length, price }], NOW);
          for (let at = from; at < from + length; at += 1) truth[side].set(at, price);
        }
      for (let at = -2; at < 60; at += 1) {
        const found = book.at(NOW + at);
        t.is(found?.price, truth.import.get(at));
        t.is(found?.exportPrice, truth.export.get(at));
        for (let inside = found?.from ?? 0; inside < (found?.to ?? 0); inside += 1) {
          t.is(truth.import.get(inside - NOW), found?.price);
          t.is(truth.export.get(inside - NOW), found?.exportPrice);
        }
        if (found !== undefined) continue;
        const next = Array.from({ length: 60 }, (_, index) => index).find(
          (later) => later > at && (truth.import.has(later) || truth.export.has(later)),
        );
        t.is(book.next(NOW + at), next === undefined ? Number.POSITIVE_INFINITY : NOW + next);
      }
    }),
    { numRuns: 60 },
  );
});

test('what is published again changes nothing', (t) => {
  const book = new Book();
  const entries = [
    { from: NOW, to: NOW + 10, price: 1 },
    { from: NOW + 10, to: NOW + 20, price: 2 },
  ];
  book.learn('import', entries, NOW);
  const { revision, changes } = book;
  book.learn('import', entries, NOW);
  t.is(book.revision, revision);
  t.is(book.changes, changes);
  t.true(book.covers('import', NOW, NOW + 20));
  t.false(book.covers('import', NOW, NOW + 21));
  t.is(book.knownUntil('import', NOW + 5), NOW + 20);
});

test('a year and a month are kept, and no more', (t) => {
  const book = new Book();
  for (let day = 0; day < 500; day += 1) {
    const from = NOW + day * DAY;
    book.learn('import', [{ from, to: from + DAY, price: day }], from);
  }
  t.is(book.known.import.length, 401);
});

test('what the meter tells holds until it tells another price', (t) => {
  const book = new Book();
  book.tell(0.1, NOW);
  const { revision } = book;
  for (let second = 1; second < 3600; second += 8) book.tell(0.1, NOW + second * 1000);
  t.is(book.revision, revision);
  t.is(book.known.import.length, 1);
  book.tell(0.3, NOW + 3_600_000);
  t.is(book.at(NOW + 3_599_999)?.price, 0.1);
  t.is(book.at(NOW + 3_600_000)?.price, 0.3);
  t.is(book.at(NOW + 26 * 3_600_000), undefined);
  book.tell(Number.NaN, NOW + 4_000_000);
  t.is(book.at(NOW + 4_000_000)?.price, 0.3);
});
