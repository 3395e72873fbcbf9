/** What every decoder promises, whatever its format. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import fc from 'fast-check';
import { createDecoder } from '../../../meter/decoders/create.ts';
import type { Sample } from '../../../meter/decoders/decoder.ts';
import { decodeAll, USUAL } from './decode.ts';
import { FORMATS, VARIANTS } from './formats.ts';
import { bytes, type Variant } from './golden/variant.ts';

for (const [format, variants] of Object.entries(FORMATS))
  test(`${format}: has frames to be tried on`, (t) => {
    t.not(variants.length, 0);
    for (const { frames } of variants) t.true(frames.length >= 4);
  });

/** The samples of all frames, but for one of those named. */
const without = (samples: Sample[], ...lost: number[]): Sample[][] => [
  samples,
  ...lost.map((at) => samples.filter((_, index) => index !== at)),
];
const among = (samples: Sample[], allowed: Sample[][]) =>
  allowed.map((each) => JSON.stringify(each)).includes(JSON.stringify(samples));

const harmless = (byte: number, { reserved }: Variant) =>
  reserved?.test(String.fromCharCode(byte)) ? 0x80 : byte;
const noise = (variant: Variant) =>
  fc.uint8Array({ minLength: 1, maxLength: 300 }).map((raw) => raw.map((byte) => harmless(byte, variant)));

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Bytes in use, without garbage; buffers are let go a moment after their objects. */
async function memory(): Promise<number> {
  collectGarbage();
  await setImmediate();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Every number in a sample, however deep. */
const numbers = (value: unknown): number[] =>
  typeof value === 'number'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(numbers)
      : [];

for (const variant of VARIANTS) {
  const { name, format, options = {}, frames } = variant;
  const chunks = frames.map(({ frame }) => bytes(frame));
  const stream = Buffer.concat(chunks);
  const samples = frames.map(({ sample }) => sample);
  const decode = (pieces: Uint8Array[], atLineStart = true) =>
    decodeAll(format, pieces, { ...options, atLineStart });

  test(`${name}: reads its golden frames`, (t) => {
    const remarks = frames.flatMap(({ remarks = [] }) => remarks).sort();
    t.deepEqual(decode([stream]), { samples, rejects: [], remarks });
  });

  test(`${name}: byte by byte or in any chunks, the result is the same`, (t) => {
    const whole = Buffer.concat([stream, bytes('garbage\n'), stream.subarray(0, -3), stream]);
    const expected = decode([whole]);
    t.deepEqual(decode(Array.from(whole, (byte) => Uint8Array.of(byte))), expected);
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length)), (cuts) => {
        const edges = [0, ...cuts, whole.length].sort((a, b) => a - b);
        t.deepEqual(
          decode(edges.slice(1).map((edge, index) => whole.subarray(edges[index], edge))),
          expected,
        );
      }),
    );
  });

  test(`${name}: what came before it was listening is a fragment, never a sample`, (t) => {
    for (const [index, frame] of chunks.entries())
      for (let from = 1; from < frame.length; from += 1) {
        const decoded = decode([frame.subarray(from), frame], false);
        t.deepEqual(decoded.samples, [samples[index]], `from byte ${from}`);
        if (from < frame.length / 2 || decoded.rejects.length > 0)
          t.deepEqual(decoded.rejects, ['fragment'], `from byte ${from}`);
      }
  });

  test(`${name}: garbage between frames costs at most the frame it runs into`, (t) => {
    fc.assert(
      fc.property(noise(variant), fc.nat(chunks.length), (garbage, at) => {
        const decoded = decode(chunks.toSpliced(at, 0, garbage));
        return among(decoded.samples, without(samples, at - 1, at));
      }),
    );
    t.pass();
  });

  test(`${name}: garbage inside a frame costs at most that frame`, (t) => {
    fc.assert(
      fc.property(
        noise(variant),
        fc.nat(chunks.length - 2),
        fc.double({ noNaN: true, max: 1 }),
        (garbage, at, part) => {
          const hit = chunks[at] ?? stream;
          const cut = Math.floor(hit.length * Math.abs(part));
          const decoded = decode(chunks.toSpliced(at, 1, hit.subarray(0, cut), garbage, hit.subarray(cut)));
          // Noise at a frame's very end is noise between frames, which may cost the next one instead.
          return among(decoded.samples, without(samples, at, ...(cut > hit.length - 4 ? [at + 1] : [])));
        },
      ),
    );
    t.pass();
  });

  test(`${name}: 300 bytes of garbage in the middle of a frame cost that frame, and it is told`, (t) => {
    const hit = chunks[1] ?? stream;
    const half = hit.length >> 1;
    const garbage = Buffer.alloc(300, 0xa5);
    const decoded = decode(chunks.toSpliced(1, 1, hit.subarray(0, half), garbage, hit.subarray(half)));
    t.deepEqual(
      decoded.samples,
      samples.filter((_, index) => index !== 1),
    );
    t.not(decoded.rejects.length, 0);
  });

  // Without a check, what is left of one frame and the next may well be a good one.
  if (variant.reserved === undefined)
    test(`${name}: a frame that lost its end costs at most the next one, and is no sample`, (t) => {
      for (const [index, frame] of chunks.slice(0, -2).entries())
        for (let end = 1; end < frame.length - 4; end += 1) {
          const torn = decode([
            ...chunks.slice(0, index),
            frame.subarray(0, end),
            ...chunks.slice(index + 1),
          ]);
          const left = samples.filter((_, at) => at !== index);
          t.true(among(torn.samples, without(left, index)), `frame ${index} up to byte ${end}`);
        }
    });

  test(`${name}: any bytes at all: it never throws, and what it lets through can be`, (t) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 })), (pieces) => {
        for (const sample of decode(pieces, false).samples) {
          t.true(numbers(sample).every(Number.isFinite));
          t.true(sample.phases.every(({ current = 0 }) => Math.abs(current) <= USUAL.maxCurrent));
        }
      }),
    );
    t.pass();
  });

  // One at a time, or another one's memory would count.
  test.serial(`${name}: endless noise costs no memory`, async (t) => {
    const [first = stream] = chunks;
    const body = first.subarray(0, first.length >> 1);
    const patterns = [bytes('7'), Uint8Array.of(0), body.subarray(0, 1), body.subarray(0, 4), body];
    for (const { begun, pattern } of [
      ...patterns.map((pattern) => ({ begun: bytes(''), pattern })),
      { begun: body, pattern: bytes('7') },
    ]) {
      const noise = Buffer.alloc(64 * 1024, pattern);
      const decoder = createDecoder(format, { ...USUAL, ...options });
      decoder.push(begun);
      const before = await memory();
      let made = 0;
      for (let count = 0; count < 32; count += 1) made += decoder.push(noise).samples.length;
      t.is(made, 0);
      t.true((await memory()) - before < 2 ** 20, 'of 2 MiB');
      t.true(among(decoder.push(stream).samples, without(samples, 0)), 'and it reads on');
    }
  });
}
