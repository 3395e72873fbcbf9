import { crc16Arc } from './crc.ts';
import type { Decoder, DecoderOptions, RejectReason, Sample } from './decoder.ts';
import { lineDecoder } from './lines.ts';

/** 74 bytes is the longest line there is; see the firmware. */
const LONGEST_LINE = 80;
const LINE =
  /^(\d{1,3}) (\d{1,3}) ;1,(\d{1,3}),(\d{1,10}),(\d{1,10}),(\d{1,5}),(\d{1,5}),(\d{1,10}),(\d{1,10})\*([0-9A-F]{4})$/;
const PHASES = 2;
const U32 = 2 ** 32;

/**
 * `10 20 ;1,<boot>,<seq>,<metered_ms>,<mA1>,<mA2>,<As1>,<As2>*CCCC`: our own firmware's line. The CRC
 * covers all before the `*`. A bare `10 20` is a torn line here, never a reading.
 */
export function createPanelDecoder({ phases, maxCurrent, atLineStart }: DecoderOptions): Decoder {
  return lineDecoder({ limit: LONGEST_LINE, atLineStart }, (line): Sample | RejectReason => {
    const match = LINE.exec(line);
    if (match === null || phases !== PHASES) return 'syntax';
    const body = line.slice(0, -'*CCCC'.length);
    if (crc16Arc(Buffer.from(body, 'latin1')) !== Number.parseInt(match[10] ?? '', 16)) return 'checksum';
    const [amps1 = 0, amps2 = 0, boot = 0, seq = 0, meteredMs = 0, mA1 = 0, mA2 = 0, as1 = 0, as2 = 0] = match
      .slice(1, 10)
      .map(Number);
    if (boot > 255 || [seq, meteredMs, as1, as2].some((count) => count >= U32)) return 'range';
    // The rounded amperes repeat the milliamperes: a check that costs nothing.
    if (amps1 !== Math.round(mA1 / 1000) || amps2 !== Math.round(mA2 / 1000)) return 'range';
    const currents = [mA1 / 1000, mA2 / 1000];
    if (currents.some((current) => current > maxCurrent)) return 'range';
    return {
      phases: currents.map((current) => ({ current })),
      counter: { boot, seq, meteredMs, ampereSeconds: [as1, as2] },
    };
  });
}
