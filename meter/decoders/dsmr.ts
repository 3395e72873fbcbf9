import type { Decoder, DecoderOptions } from './decoder.ts';

export function createDsmrDecoder(_options: DecoderOptions): Decoder {
  return { push: () => ({ samples: [], rejects: [] }) };
}
