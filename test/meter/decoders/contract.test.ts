/** What every decoder promises, whatever its format. */
import test from 'ava';
import fc from 'fast-check';
import { createDecoder, type Format } from '../../../meter/decoders/create.ts';
import type { Decoded } from '../../../meter/decoders/decoder.ts';
import { GOLDEN } from './formats.ts';

const FORMATS = Object.keys(GOLDEN) as (keyof typeof GOLDEN)[];

function decode(format: Format, chunks: Uint8Array[], { atLineStart = true, phases = 2 } = {}): Decoded {
  const decoder = createDecoder(format, { phases, maxCurrent: 200, atLineStart });
  const all = chunks.map((chunk) => decoder.push(chunk));
  return {
    samples: all.flatMap(({ samples }) => samples),
    // Within one chunk, what the framer refuses comes before what the parser refuses.
    rejects: all.flatMap(({ rejects }) => rejects).sort(),
  };
}

const bytes = (text: string) => Buffer.from(text, 'latin1');

/** Noise on the wire, without a line end; and without digits and blanks, which a format without a check must take for its own. */
const noise = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map((raw) => raw.map((byte) => (/[\s\d.-]/.test(String.fromCharCode(byte)) ? 0x80 : byte)));

for (const format of FORMATS) {
  const golden = GOLDEN[format];
  const stream = golden.map(({ frame }) => frame).join('');
  const samples = golden.map(({ sample }) => sample);

  test(`${format}: reads its golden frames`, (t) => {
    t.deepEqual(decode(format, [bytes(stream)]), { samples, rejects: [] });
  });

  test(`${format}: byte by byte or in any chunks, the result is the same`, (t) => {
    const whole = bytes(`${stream}garbage\n${stream}`);
    const single = Array.from(whole, (byte) => Uint8Array.of(byte));
    const expected = decode(format, [whole]);
    t.deepEqual(decode(format, single), expected);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length)), (cuts) => {
        const edges = [0, ...cuts, whole.length].sort((a, b) => a - b);
        const chunks = edges.slice(1).map((edge, index) => whole.subarray(edges[index], edge));
        t.deepEqual(decode(format, chunks), expected);
      }),
    );
  });

  test(`${format}: what came before it was listening is a fragment, never a sample`, (t) => {
    for (const { frame, sample } of golden) {
      for (let from = 1; from < frame.length; from += 1) {
        const decoded = decode(format, [bytes(frame.slice(from) + frame)], { atLineStart: false });
        t.deepEqual(decoded, { samples: [sample], rejects: ['fragment'] });
      }
    }
  });

  test(`${format}: garbage between frames costs at most the frame it runs into`, (t) => {
    fc.assert(
      fc.property(noise, fc.nat(golden.length), (garbage, at) => {
        const chunks = golden.map(({ frame }) => bytes(frame));
        chunks.splice(at, 0, Buffer.from(garbage));
        t.deepEqual(
          decode(format, chunks).samples,
          samples.filter((_, index) => index !== at),
        );
      }),
    );
  });

  test(`${format}: 300 bytes of garbage inside a frame cost that frame`, (t) => {
    const [first, second, third] = golden;
    if (!first || !second || !third) return t.fail();
    const garbage = Buffer.alloc(300, 0xa5);
    const half = second.frame.length >> 1;
    const decoded = decode(format, [
      bytes(first.frame + second.frame.slice(0, half)),
      garbage,
      bytes(second.frame.slice(half) + third.frame),
    ]);
    t.deepEqual(decoded, { samples: [first.sample, third.sample], rejects: ['overlong'] });
  });

  test(`${format}: any bytes at all: it never throws, and what it lets through can be`, (t) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 })), (chunks) => {
        for (const { phases } of decode(format, chunks, { atLineStart: false }).samples)
          t.true(phases.length === 2 && phases.every(({ current = -1 }) => current >= 0 && current <= 200));
      }),
    );
    t.pass();
  });

  test(`${format}: endless noise costs no memory`, (t) => {
    const decoder = createDecoder(format, { phases: 2, maxCurrent: 200, atLineStart: true });
    const chunk = Buffer.alloc(64 * 1024, '7');
    const before = process.memoryUsage().heapUsed;
    let made = 0;
    for (let count = 0; count < 500; count += 1) made += decoder.push(chunk).samples.length;
    t.is(made, 0);
    t.true(process.memoryUsage().heapUsed - before < 16 * 2 ** 20);
    t.deepEqual(decoder.push(bytes(`\n${stream}`)), { samples, rejects: ['overlong'] });
  });

  test(`${format}: a frame with another number of phases than the settings name is refused`, (t) => {
    for (const phases of [1, 3])
      t.deepEqual(decode(format, [bytes(stream)], { phases }), {
        samples: [],
        rejects: golden.map(() => 'syntax'),
      });
  });
}
