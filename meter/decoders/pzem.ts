import type { Decoder, DecoderOptions } from './decoder.ts';

export function createPzemDecoder(_options: DecoderOptions): Decoder {
  return { push: () => ({ samples: [], rejects: [] }) };
}
