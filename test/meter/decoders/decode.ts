import { createDecoder, type Format } from '../../../meter/decoders/create.ts';
import type { DecoderOptions, RejectReason, Remark, Sample } from '../../../meter/decoders/decoder.ts';

export interface All {
  samples: Sample[];
  rejects: RejectReason[];
  remarks: Remark[];
}

export const USUAL: DecoderOptions = { phases: 2, maxCurrent: 200, atLineStart: true };

/** What a fresh decoder makes of the chunks; rejects and remarks sorted, for their order means nothing. */
export function decodeAll(format: Format, chunks: Uint8Array[], options: Partial<DecoderOptions> = {}): All {
  const decoder = createDecoder(format, { ...USUAL, ...options });
  const all = chunks.map((chunk) => decoder.push(chunk));
  return {
    samples: all.flatMap(({ samples }) => samples),
    rejects: all.flatMap(({ rejects }) => rejects).sort(),
    remarks: all.flatMap(({ remarks = [] }) => remarks).sort(),
  };
}
