import type { Decoder, DecoderOptions } from './decoder.ts';

export function createSmlDecoder(_options: DecoderOptions): Decoder {
  return { push: () => ({ samples: [], rejects: [] }) };
}
