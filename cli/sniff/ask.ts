import { createDecoder } from '../../meter/decoders/create.ts';
import type { Decoder } from '../../meter/decoders/decoder.ts';
import { decoderOptions } from '../../meter/line.ts';
import type { OpenPort } from '../../meter/port.ts';
import { talkTo } from '../../meter/talk/create.ts';
import type { Talk, TalkDeps } from '../../meter/talk/talk.ts';
import type { Meter } from '../../shared/settings/meter.ts';

/** Formats of meters that say nothing, or may say nothing, until they are asked. */
export const ASKED = ['pzem', 'd0'] as const;
export type Asked = (typeof ASKED)[number];

/** ms between two questions, unless the settings say otherwise; a readout at 300 baud takes most of a minute. */
const POLL: Record<Asked, number> = { pzem: 1000, d0: 5000 };

/** Asks as the meter’s process would. */
export interface Asker {
  start(port: OpenPort): void;
  /** Is told what came. */
  heard(chunk: Uint8Array, atLineStart: boolean): void;
}

export function createAsker(format: Asked, meter: Meter, deps: TalkDeps): Asker {
  const asked = { ...meter, decoder: format, poll: meter.poll ?? POLL[format] };
  const talkOn = talkTo([asked], deps);
  let decoder: Decoder | undefined;
  let talk: Talk | undefined;
  return {
    start(port) {
      talk = talkOn?.(port);
      void talk?.run();
    },
    heard(chunk, atLineStart) {
      decoder ??= createDecoder(format, decoderOptions([asked], atLineStart));
      talk?.heard(chunk, decoder.push(chunk));
    },
  };
}
