import { crc16Arc } from '../../../meter/decoders/crc.ts';
import type { Format } from '../../../meter/decoders/create.ts';
import type { Sample } from '../../../meter/decoders/decoder.ts';

/** One good frame of a format and what it says. */
interface Golden {
  frame: string;
  sample: Sample;
}

/** A panel's line with the checksum that belongs to it. */
export function panelLine(body: string): string {
  return `${body}*${crc16Arc(Buffer.from(body)).toString(16).toUpperCase().padStart(4, '0')}\n`;
}

function panel(seq: number, mA: [number, number]): Golden {
  const counter = { boot: 7, seq, meteredMs: seq * 1200, ampereSeconds: [seq * 6, seq * 18] };
  const fields = [counter.boot, seq, counter.meteredMs, ...mA, ...counter.ampereSeconds];
  return {
    frame: panelLine(`${mA.map((current) => Math.round(current / 1000)).join(' ')} ;1,${fields.join(',')}`),
    sample: { phases: phases(...mA.map((current) => current / 1000)), counter },
  };
}

export const phases = (...currents: number[]) => currents.map((current) => ({ current }));

/** Frames of every format that a decoder must read; each differs from its neighbours. */
export const GOLDEN: Pick<Record<Format, Golden[]>, 'amps' | 'panel'> = {
  amps: [
    { frame: '1 2\r\n', sample: { phases: phases(1, 2) } },
    { frame: '0 0\n', sample: { phases: phases(0, 0) } },
    { frame: ' 12.5\t3 \r\n', sample: { phases: phases(12.5, 3) } },
    { frame: '200 199.999999\n', sample: { phases: phases(200, 199.999999) } },
  ],
  panel: [
    {
      frame: '10 20 ;1,3,4711,5653200,10123,19876,55101,112233*B558\n',
      sample: {
        phases: phases(10.123, 19.876),
        counter: { boot: 3, seq: 4711, meteredMs: 5653200, ampereSeconds: [55101, 112233] },
      },
    },
    panel(1, [499, 500]),
    panel(2, [4989, 14986]),
    panel(3579139, [65535, 0]),
  ],
};
