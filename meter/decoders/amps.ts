import type { Decoder, DecoderOptions, RejectReason, Sample } from './decoder.ts';
import { lineDecoder } from './lines.ts';

/** Twelve phases of `-123.456 ` still fit. */
const LONGEST_LINE = 128;
const AMPERES = /^-?\d{1,6}(\.\d{1,6})?$/;

/**
 * `1 2` and a line end: one current a phase, in amperes, and nothing else. The format has no check: a
 * flipped bit often gives another valid line, so all that can be refused is what cannot be.
 */
export function createAmpsDecoder({ phases, maxCurrent, atLineStart }: DecoderOptions): Decoder {
  return lineDecoder({ limit: LONGEST_LINE, atLineStart }, (line): Sample | RejectReason => {
    const fields = line.split(/[ \t]+/).filter(Boolean);
    if (fields.length !== phases || !fields.every((field) => AMPERES.test(field))) return 'syntax';
    // Not a negative zero.
    const currents = fields.map((field) => Number(field) + 0);
    if (currents.some((current) => current < 0 || current > maxCurrent)) return 'range';
    return { phases: currents.map((current) => ({ current })) };
  });
}
