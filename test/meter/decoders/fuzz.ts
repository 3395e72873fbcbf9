/**
 * Damages good frames and counts which pass for another reading:
 * `node test/meter/decoders/fuzz.ts --frames 1000000 --decoder dsmr` (or a variant's name; default: all).
 */
import { parseArgs } from 'node:util';
import { createDecoder } from '../../../meter/decoders/create.ts';
import { seeded } from '../../chaos/schedule.ts';
import { USUAL } from './decode.ts';
import { VARIANTS } from './formats.ts';
import { bytes, type Variant } from './golden/variant.ts';

const POOL = 512;
/** A torn frame may hold back what follows it: a sample is good while it is of one of the last frames. */
const RECENT = 4;
/** Every so many damaged frames two whole ones, of which the second must be read. */
const CLEAN = 32;

export interface Outcome {
  /** Damaged frames. */
  frames: number;
  /** Samples that no frame meant. */
  corrupt: number;
  /** Whole frames after another whole one that were not read. */
  deaf: number;
  seconds: number;
  /** An example of each damage that passed. */
  examples: Record<string, string>;
}

type Damage = (frame: Buffer, random: () => number, other: Uint8Array) => Buffer;

const at = (length: number, random: () => number) => Math.floor(random() * length);

const DAMAGES: Record<string, Damage> = {
  'one bit': (frame, random) => flip(frame, random, 1),
  'two to four bits': (frame, random) => flip(frame, random, 2 + at(3, random)),
  'bytes lost': (frame, random) => {
    const from = at(frame.length, random);
    return Buffer.concat([frame.subarray(0, from), frame.subarray(from + 1 + at(8, random))]);
  },
  'bytes doubled': (frame, random) => {
    const from = at(frame.length, random);
    return Buffer.concat([frame.subarray(0, from + 1 + at(4, random)), frame.subarray(from)]);
  },
  'bytes inserted': (frame, random) => {
    const from = at(frame.length, random);
    const noise = Uint8Array.from({ length: 1 + at(4, random) }, () => at(256, random));
    return Buffer.concat([frame.subarray(0, from), noise, frame.subarray(from)]);
  },
  'bytes swapped': (frame, random) => {
    const one = at(frame.length, random);
    const two = random() < 0.5 ? Math.min(one + 1, frame.length - 1) : at(frame.length, random);
    [frame[one], frame[two]] = [frame[two] ?? 0, frame[one] ?? 0];
    return frame;
  },
  'digits changed': (frame, random) => {
    for (let count = 1 + at(3, random); count > 0; count -= 1) {
      const from = at(frame.length, random);
      const digit = frame.findIndex((byte, index) => index >= from && byte >= 0x30 && byte <= 0x39);
      frame[digit === -1 ? from : digit] = 0x30 + at(10, random);
    }
    return frame;
  },
  'front of one, tail of another': (frame, random, other) =>
    Buffer.concat([frame.subarray(0, at(frame.length, random)), other.subarray(at(other.length, random))]),
};

function flip(frame: Buffer, random: () => number, bits: number): Buffer {
  for (let count = 0; count < bits; count += 1) {
    const index = at(frame.length, random);
    frame[index] = (frame[index] ?? 0) ^ (1 << at(8, random));
  }
  return frame;
}

/** Damages that many frames, the same for the same seed, and hands them to one decoder. */
export function fuzz({ format, options, fuzz: { make } }: Variant, frames: number, seed = 1): Outcome {
  const random = seeded(seed);
  const settings = { ...USUAL, ...options };
  const pool = Array.from({ length: POOL }, () => {
    const frame = bytes(make(random));
    const { samples } = createDecoder(format, settings).push(frame);
    if (samples.length !== 1)
      throw new Error(`a frame made for ${format} must be one sample: ${samples.length}`);
    return { frame, sample: JSON.stringify(samples[0]) };
  });
  const pick = () => pool[at(POOL, random)] ?? { frame: Buffer.alloc(0), sample: '' };

  const decoder = createDecoder(format, settings);
  const kinds = Object.entries(DAMAGES);
  const outcome: Outcome = { frames, corrupt: 0, deaf: 0, seconds: 0, examples: {} };
  const recent: string[] = [];
  const push = (frame: Uint8Array, ...meant: string[]): string[] => {
    recent.push(...meant);
    recent.splice(0, recent.length - 2 * RECENT);
    return decoder.push(frame).samples.map((sample) => JSON.stringify(sample));
  };

  const started = process.cpuUsage();
  for (let count = 0; count < frames; count += 1) {
    const [one, other] = [pick(), pick()];
    const [kind = '', damage] = kinds[count % kinds.length] ?? [];
    const damaged = damage?.(Buffer.from(one.frame), random, other.frame) ?? Buffer.alloc(0);
    for (const sample of push(damaged, one.sample, other.sample)) {
      if (recent.includes(sample)) continue;
      outcome.corrupt += 1;
      outcome.examples[kind] ??=
        `${Buffer.from(one.frame).toString('latin1')} -> ${damaged.toString('latin1')}`;
    }
    if (count % CLEAN !== 0) continue;
    const [first, second] = [pick(), pick()];
    push(first.frame, first.sample);
    if (!push(second.frame, second.sample).includes(second.sample)) outcome.deaf += 1;
  }
  const { user, system } = process.cpuUsage(started);
  outcome.seconds = (user + system) / 1e6;
  return outcome;
}

/** The most that may pass of so many: the bound, and four standard deviations for luck. */
export function allowance({ fuzz: { bound } }: Variant, frames: number): number {
  return bound === 0 ? 0 : Math.ceil(bound * frames + 4 * Math.sqrt(bound * frames));
}

function main(): void {
  const { values } = parseArgs({
    options: {
      frames: { type: 'string', default: '100000' },
      decoder: { type: 'string' },
      seed: { type: 'string', default: '1' },
      examples: { type: 'boolean', default: false },
    },
  });
  const say = (line: string) => process.stdout.write(`${line}\n`);
  say('variant                 frames    corrupt   rate       bound      deaf   frames/s');
  for (const variant of VARIANTS) {
    if (values.decoder && values.decoder !== variant.name && values.decoder !== variant.format) continue;
    const { frames, corrupt, deaf, seconds, examples } = fuzz(
      variant,
      Number(values.frames),
      Number(values.seed),
    );
    const columns = [variant.name.padEnd(23), String(frames).padEnd(9), String(corrupt).padEnd(9)];
    columns.push(
      (corrupt / frames).toExponential(2).padEnd(10),
      variant.fuzz.bound.toExponential(2).padEnd(10),
    );
    columns.push(String(deaf).padEnd(6), (frames / seconds).toFixed(0));
    say(columns.join(' '));
    if (values.examples)
      for (const [kind, text] of Object.entries(examples)) say(`  ${kind}: ${JSON.stringify(text)}`);
    if (corrupt > allowance(variant, frames) || deaf > 0) process.exitCode = 1;
  }
}

if (import.meta.main) main();
