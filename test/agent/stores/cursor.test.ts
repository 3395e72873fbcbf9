import test from 'ava';
import fc from 'fast-check';
import { Cursor } from '../../../agent/stores/cursor.ts';

test('an acknowledgement runs ahead and settles when it has aged, not before', (t) => {
  const cursor = new Cursor(10, 60_000);
  cursor.acknowledge(20, 0);
  t.is(cursor.sent, 20);
  t.is(cursor.settled, 10);
  cursor.settle(59_999);
  t.is(cursor.settled, 10);
  cursor.settle(61_000);
  t.is(cursor.settled, 20);
  cursor.settle(62_000);
  t.is(cursor.settled, 20, 'nothing more to settle');
});

test('a rewind goes back to what has settled, and the clock of what is sent again starts anew', (t) => {
  const cursor = new Cursor(0, 60_000);
  cursor.acknowledge(1, 0);
  cursor.acknowledge(2, 30_000);
  cursor.settle(61_000);
  cursor.rewind();
  t.is(cursor.sent, 1);
  cursor.acknowledge(2, 62_000);
  cursor.settle(100_000);
  t.is(cursor.settled, 1);
  cursor.settle(123_000);
  t.is(cursor.settled, 2);
});

test('a store that is fed without pause settles all the same', (t) => {
  const cursor = new Cursor(0, 60_000);
  for (let now = 0; now <= 300_000; now += 10) {
    cursor.acknowledge(now + 1, now);
    cursor.settle(now);
  }
  t.true(cursor.settled >= 300_000 - 62_000, `settled ${cursor.settled}`);
});

test('whatever happens, settled never passes what was acknowledged a full settling time ago without a rewind since', (t) => {
  const step = fc.record({
    after: fc.integer({ min: 0, max: 20_000 }),
    entries: fc.integer({ min: 1, max: 100 }),
    rewind: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const cursor = new Cursor(0, 60_000);
      const acknowledgedAt = new Map<number, number>();
      let now = 0;
      let settled = 0;
      for (const { after, entries, rewind } of steps) {
        now += after;
        if (rewind) cursor.rewind();
        for (let id = cursor.sent + 1; id <= cursor.sent + entries; id += 1) acknowledgedAt.set(id, now);
        cursor.acknowledge(cursor.sent + entries, now);
        cursor.settle(now);
        t.true(cursor.settled >= settled && cursor.settled <= cursor.sent);
        for (let id = settled + 1; id <= cursor.settled; id += 1)
          t.true(now - (acknowledgedAt.get(id) ?? now) >= 60_000);
        settled = cursor.settled;
      }
    }),
  );
});
