import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { Encoder } from '../../../agent/stores/encoder.ts';
import { lineProtocol } from '../../../agent/stores/line-protocol.ts';
import { arrivals } from '../../support/stores.ts';

const text = (first: number, count: number) =>
  arrivals(count, first)
    .flatMap((arrival) => lineProtocol(arrival, 'default'))
    .map((line) => `${line}\n`)
    .join('');

test('a body is all lines of all slices, whatever was made before it and meanwhile', async (t) => {
  const encoder = new Encoder('default');
  const body = async (first: number, ...counts: number[]) => {
    let next = first;
    const slices = counts.map((count) => {
      next += count;
      return arrivals(count, next - count);
    });
    const { gzipped, readings, lines } = await encoder.encode(slices);
    return { text: String(gunzipSync(gzipped)), readings, lines };
  };
  // The second needs more room than the first left, and the others go on at the same time.
  const bodies = [
    await body(1, 3),
    await body(100, 500, 500, 1),
    ...(await Promise.all([body(7, 2), body(9, 9)])),
  ];
  t.deepEqual(bodies, [
    { text: text(1, 3), readings: 3, lines: 6 },
    { text: text(100, 1001), readings: 1001, lines: 2002 },
    { text: text(7, 2), readings: 2, lines: 4 },
    { text: text(9, 9), readings: 9, lines: 18 },
  ]);
});

test('others have their turn while a large body is made', async (t) => {
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  });
  t.teardown(() => clearInterval(turning));
  await new Encoder('default').encode(Array.from({ length: 50 }, (_, index) => arrivals(100, index * 100)));
  t.true(turns >= 5, `${turns}`);
});
