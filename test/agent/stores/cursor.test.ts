import test from 'ava';
import fc from 'fast-check';
import { Cursor } from '../../../agent/stores/cursor.ts';

test('an acknowledgement runs ahead and settles when it has aged, not before', (t) => {
  const cursor = new Cursor(10, 60_000);
  cursor.acknowledge({ after: 10, upTo: 20 }, 0);
  t.is(cursor.newest, 20);
  t.is(cursor.doubtful, 10);
  t.is(cursor.settled, 10);
  cursor.settle(59_999);
  t.is(cursor.settled, 10);
  cursor.settle(70_000);
  t.is(cursor.settled, 20);
  t.is(cursor.doubtful, 0);
});

test('a rewind goes back to what has settled, and the clock of what is sent again starts anew', (t) => {
  const cursor = new Cursor(0, 60_000);
  cursor.acknowledge({ after: 0, upTo: 1 }, 0);
  cursor.acknowledge({ after: 1, upTo: 2 }, 30_000);
  cursor.settle(71_000);
  cursor.rewind();
  t.is(cursor.newest, 1);
  t.deepEqual(cursor.next(2, 10), { after: 1, upTo: 2 });
  cursor.acknowledge({ after: 1, upTo: 2 }, 72_000);
  cursor.settle(120_000);
  t.is(cursor.settled, 1);
  cursor.settle(142_000);
  t.is(cursor.settled, 2);
});

test('a store that is fed without pause settles all the same', (t) => {
  const cursor = new Cursor(0, 60_000);
  for (let now = 0; now <= 300_000; now += 10) {
    cursor.acknowledge({ after: now / 10, upTo: now / 10 + 1 }, now);
    cursor.settle(now);
  }
  t.true(cursor.settled >= 30_000 - 7_100, `settled ${cursor.settled}`);
});

test('the newest go first, then in turn with what is new the oldest', (t) => {
  const cursor = new Cursor(100, 60_000);
  const step = (last: number) => {
    const { after, upTo } = cursor.next(last, 10) ?? { after: 0, upTo: 0 };
    const sent = { after, upTo: Math.min(upTo, after + 10) };
    cursor.acknowledge(sent, 0);
    return [sent.after, sent.upTo];
  };
  t.is(cursor.missing(200), 100);
  t.deepEqual(step(200), [190, 200]);
  t.deepEqual(step(200), [100, 110]);
  t.deepEqual(step(200), [110, 120]);
  t.deepEqual(step(203), [200, 203]);
  t.deepEqual(step(206), [120, 130], 'a meter without pause does not hold up the backlog');
  t.deepEqual(step(209), [203, 209]);
  t.is(cursor.missing(209), 60);
  t.is(cursor.settled, 100);
});

test('a backlog settles from its lower end, whatever was sent before it', (t) => {
  const cursor = new Cursor(0, 60_000);
  cursor.acknowledge({ after: 90, upTo: 100 }, 0);
  cursor.settle(80_000);
  t.is(cursor.settled, 0, 'what is settled above a hole is not saved');
  cursor.rewind();
  t.is(cursor.missing(100), 90, 'nor sent again');
  cursor.acknowledge({ after: 0, upTo: 90 }, 80_000);
  cursor.settle(160_000);
  t.is(cursor.settled, 100);
});

test('a store that comes and goes for ever costs no memory', (t) => {
  const cursor = new Cursor(0, 60_000);
  for (let last = 100; last <= 100_000; last += 100) {
    const span = cursor.next(last, 10);
    if (span) cursor.acknowledge({ after: span.after, upTo: Math.min(span.upTo, span.after + 10) }, 0);
    // The backlog's turn fails.
    cursor.next(last, 10);
    cursor.acknowledge({ after: cursor.newest, upTo: cursor.newest }, 0);
  }
  let holes = 0;
  for (let last = cursor.newest; cursor.missing(last) > 0; holes += 1) {
    const hole = cursor.next(last, 10);
    if (hole) cursor.acknowledge(hole, 0);
  }
  t.true(holes > 10 && holes < 120, `${holes} holes`);
});

test('whatever happens: all is sent, what is new at once, and nothing settles that may be lost', (t) => {
  const step = fc.record({
    after: fc.integer({ min: 0, max: 20_000 }),
    grown: fc.integer({ min: 0, max: 30 }),
    size: fc.integer({ min: 1, max: 20 }),
    what: fc.constantFrom('sent', 'sent', 'sent', 'failed', 'rewind'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const cursor = new Cursor(0, 60_000);
      const acknowledgedAt = new Map<number, number>();
      /** Rewound so late that they may have settled before, or not. */
      const either = new Set<number>();
      let [now, last, settled, waited] = [0, 0, 0, 0];

      const send = (size: number): boolean => {
        const span = cursor.next(last, size);
        if (span === undefined) return false;
        waited = span.upTo === last || cursor.newest === last ? 0 : waited + 1;
        t.true(waited <= 1, 'what is new waits for one request of the backlog at most');
        const sent = { after: span.after, upTo: Math.min(span.upTo, span.after + size) };
        t.true(sent.after < sent.upTo && sent.upTo <= last);
        for (let id = sent.after + 1; id <= sent.upTo; id += 1) {
          t.true(either.delete(id) || !acknowledgedAt.has(id), 'nothing is sent again without need');
          acknowledgedAt.set(id, now);
        }
        cursor.acknowledge(sent, now);
        return true;
      };

      for (const { after, grown, size, what } of steps) {
        now += after;
        last += grown;
        if (what === 'sent') send(size);
        if (what === 'rewind') {
          cursor.rewind();
          for (const [id, at] of acknowledgedAt) {
            if (now - at >= 60_000) either.add(id);
            else acknowledgedAt.delete(id);
          }
        }
        if (what !== 'failed') cursor.settle(now);
        t.true(cursor.settled >= settled && cursor.settled <= last);
        for (let id = settled + 1; id <= cursor.settled; id += 1)
          t.true(now - (acknowledgedAt.get(id) ?? now) >= 60_000);
        settled = cursor.settled;
      }
      while (send(20));
      t.is(cursor.missing(last), 0);
      t.is(acknowledgedAt.size, last);
    }),
  );
});
