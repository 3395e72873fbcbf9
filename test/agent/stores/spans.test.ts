import test from 'ava';
import fc from 'fast-check';
import { Spans } from '../../../agent/stores/spans.ts';

test('spans are the fewest that hold the same ids, and holes are the rest', (t) => {
  const span = fc
    .tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 10 }))
    .map(([after, length]) => ({ after, upTo: after + length }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 20 }), (added) => {
      const spans = new Spans([{ after: -1, upTo: 0 }]);
      const ids = new Set([0]);
      for (const each of added) {
        spans.add(each);
        for (let id = each.after + 1; id <= each.upTo; id += 1) ids.add(id);
      }
      t.is(spans.size, ids.size);
      t.is(spans.top, Math.max(...ids));
      for (let id = 0; id <= 70; id += 1) t.is(spans.has(id), ids.has(id));
      const kept = [...spans];
      t.true(kept.every(({ after }, index) => index === 0 || after > (kept[index - 1]?.upTo ?? 0)));

      const holes = new Spans([{ after: -1, upTo: 0 }, ...spans.holes(70)]);
      for (let id = 1; id <= 70; id += 1) t.is(holes.has(id), !ids.has(id));
    }),
  );
});
