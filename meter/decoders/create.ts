import { createAmpsDecoder } from './amps.ts';
import type { Decoder, DecoderOptions } from './decoder.ts';
import { createPanelDecoder } from './panel.ts';

/** Every serial format, by the name it has in the settings. */
const DECODERS = { amps: createAmpsDecoder, panel: createPanelDecoder };
export type Format = keyof typeof DECODERS;

export function createDecoder(format: Format, options: DecoderOptions): Decoder {
  return DECODERS[format](options);
}
