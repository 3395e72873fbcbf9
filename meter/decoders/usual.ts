import type { MeterSettings } from '../../shared/settings/schema.ts';
import type { Format } from './create.ts';

interface Line {
  /** Bits per second. */
  baud: number;
  framing: NonNullable<MeterSettings['framing']>;
}

/** How each format usually comes over the line. */
export const USUAL_LINE: Record<Format, Line> = {
  amps: { baud: 9600, framing: '8N1' },
  panel: { baud: 9600, framing: '8N1' },
  emontx: { baud: 115_200, framing: '8N1' },
  dsmr: { baud: 115_200, framing: '8N1' },
  d0: { baud: 300, framing: '7E1' },
  sml: { baud: 9600, framing: '8N1' },
  pzem: { baud: 9600, framing: '8N1' },
  raven: { baud: 115_200, framing: '8N1' },
};
