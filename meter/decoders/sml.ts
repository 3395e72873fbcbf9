import type { Decoded, Decoder, DecoderOptions } from './decoder.ts';
import { saysSomething, withinRange } from './obis/sample.ts';
import { type Found, scan } from './scan.ts';
import { valueLists } from './sml/lists.ts';
import { readList } from './sml/reading.ts';
import { ESCAPE, unwrap } from './sml/transport.ts';

/** Bytes; real frames are below 1000, with signatures below 3000. */
const LONGEST = 8192;

/**
 * Smart Message Language, which German meters send through their optical port: a frame a second or so,
 * each a file of messages of which one holds the list of values. The frame's checksum covers them all, so
 * those of the messages are left alone. A frame that holds no value of use is neither sample nor reject.
 */
export function createSmlDecoder({ maxCurrent }: DecoderOptions): Decoder {
  return scan({
    limit: LONGEST,
    starts: (byte) => byte === ESCAPE,
    read(bytes, seen): Found {
      const found = unwrap(bytes, seen);
      if (found.kind === 'open') return found;
      if (found.kind === 'none') return { kind: 'none', end: 1 };
      if (found.kind === 'damaged') return { kind: 'none', end: found.end, reason: 'checksum' };
      const decoded = readFile(found.file, maxCurrent);
      if (found.checksum === 'kermit') decoded.remarks = ['kermit'];
      return { kind: 'frame', end: found.end, decoded };
    },
  });
}

function readFile(file: Uint8Array, maxCurrent: number): Decoded {
  const lists = valueLists(file);
  if (lists === undefined) return { samples: [], rejects: ['syntax'] };
  const samples = lists.map(readList).filter(saysSomething);
  const possible = samples.filter((sample) => withinRange(sample, maxCurrent));
  return { samples: possible, rejects: Array(samples.length - possible.length).fill('range') };
}
