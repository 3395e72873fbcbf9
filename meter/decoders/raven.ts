import type { Decoder, DecoderOptions } from './decoder.ts';

export function createRavenDecoder(_options: DecoderOptions): Decoder {
  return { push: () => ({ samples: [], rejects: [] }) };
}
