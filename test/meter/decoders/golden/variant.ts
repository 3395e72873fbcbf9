import type { Format } from '../../../../meter/decoders/create.ts';
import type { DecoderOptions, Remark, Sample } from '../../../../meter/decoders/decoder.ts';

/** One good frame, from its first byte to its last, and what it says. A string is Latin-1. */
export interface Golden {
  frame: string | Uint8Array;
  sample: Sample;
  remarks?: Remark[];
}

/** What the contract and the fuzzer must know of a format, or of one of its dialects. */
export interface Variant {
  /** Shown in the tests' titles. */
  name: string;
  format: Format;
  /** Where they differ from the usual: two phases, at most 200 A, from a frame's start. */
  options?: Partial<DecoderOptions>;
  /** At least four, each unlike the others. */
  frames: Golden[];
  /** Characters of which noise must be free, where the format's own check could not tell them from data. */
  reserved?: RegExp;
  fuzz: {
    /** A good frame of random content, as long as real ones are. */
    make(random: () => number): string | Uint8Array;
    /** The share of damaged frames that may pass for another reading, and why the format can do no better. */
    bound: number;
    why: string;
  };
}

export const bytes = (frame: string | Uint8Array): Uint8Array =>
  typeof frame === 'string' ? Buffer.from(frame, 'latin1') : frame;

export const phases = (...currents: number[]) => currents.map((current) => ({ current }));
