import type { Decoder, DecoderOptions } from './decoder.ts';

export function createD0Decoder(_options: DecoderOptions): Decoder {
  return { push: () => ({ samples: [], rejects: [] }) };
}
