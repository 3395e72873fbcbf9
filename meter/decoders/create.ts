import type { MeterSettings } from '../../shared/settings/schema.ts';
import { createAmpsDecoder } from './amps.ts';
import { createD0Decoder } from './d0.ts';
import type { Decoder, DecoderOptions } from './decoder.ts';
import { createDsmrDecoder } from './dsmr.ts';
import { createEmontxDecoder } from './emontx.ts';
import { createPanelDecoder } from './panel.ts';
import { createPzemDecoder } from './pzem.ts';
import { createRavenDecoder } from './raven.ts';
import { createSmlDecoder } from './sml.ts';

export type Format = NonNullable<MeterSettings['decoder']>;

/** Every serial format, by the name it has in the settings. */
const DECODERS: Record<Format, (options: DecoderOptions) => Decoder> = {
  amps: createAmpsDecoder,
  panel: createPanelDecoder,
  emontx: createEmontxDecoder,
  dsmr: createDsmrDecoder,
  d0: createD0Decoder,
  sml: createSmlDecoder,
  pzem: createPzemDecoder,
  raven: createRavenDecoder,
};

export function createDecoder(format: Format, options: DecoderOptions): Decoder {
  return DECODERS[format](options);
}
