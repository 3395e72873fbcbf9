import type { Decoder, DecoderOptions } from './decoder.ts';

export function createEmontxDecoder(_options: DecoderOptions): Decoder {
  return { push: () => ({ samples: [], rejects: [] }) };
}
