import test from 'ava';
import fc from 'fast-check';
import { LineFramer } from '../../meter/frames.ts';

/** What a framer makes of bytes that come in the given chunks. */
function frame(chunks: Uint8Array[], { limit = 16, atLineStart = true } = {}) {
  const framer = new LineFramer(limit, atLineStart);
  const all = chunks.map((chunk) => framer.push(chunk));
  return {
    lines: all.flatMap(({ lines }) => lines),
    overlong: all.reduce((sum, { overlong }) => sum + overlong, 0),
    fragments: all.reduce((sum, { fragments }) => sum + fragments, 0),
  };
}

const bytes = (text: string) => Buffer.from(text, 'latin1');

test('lines end with LF, CR LF or LF CR, and blank ones are left out', (t) => {
  t.deepEqual(frame([bytes('1 2\r\n3 4\n\r\n\n5 6')]).lines, ['1 2', '3 4']);
  t.deepEqual(frame([bytes('1 2\n\r3 4\n\r\n\r')]).lines, ['1 2', '3 4']);
});

test('the first line is a fragment unless it was seen from its start', (t) => {
  t.deepEqual(frame([bytes('0 20\n10 20\n')], { atLineStart: false }), {
    lines: ['10 20'],
    overlong: 0,
    fragments: 1,
  });
});

test('a line of exactly the limit passes; one byte more is dropped up to its end', (t) => {
  t.deepEqual(frame([bytes('1234\n12345\n6\n')], { limit: 4 }), {
    lines: ['1234', '6'],
    overlong: 1,
    fragments: 0,
  });
});

test('noise without a line end costs no more memory than the limit', (t) => {
  const framer = new LineFramer(128, true);
  const noise = new Uint8Array(64 * 1024).fill(0x55);
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 1000; count += 1) framer.push(noise);
  t.true(process.memoryUsage().heapUsed - before < 16 * 2 ** 20);
  t.deepEqual(framer.push(bytes('\n1 2\n')), { lines: ['1 2'], overlong: 1, fragments: 0 });
});

test('every byte is a character, and none at an edge is taken for a space', (t) => {
  t.deepEqual(frame([Uint8Array.of(0xff, 0, 0xa0, 0x0d, 0x0a)]).lines, ['\xff\0\xa0']);
});

test('chunking changes nothing', (t) => {
  // Few distinct bytes, so that line ends and long lines are both frequent.
  const stream = fc.uint8Array({ min: 8, max: 14, maxLength: 200 });
  fc.assert(
    fc.property(stream, fc.array(fc.nat(200)), fc.boolean(), (whole, cuts, atLineStart) => {
      const edges = [0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length].sort(
        (a, b) => a - b,
      );
      const chunks = edges.slice(1).map((edge, index) => whole.subarray(edges[index], edge));
      t.deepEqual(frame(chunks, { atLineStart }), frame([whole], { atLineStart }));
    }),
  );
});
