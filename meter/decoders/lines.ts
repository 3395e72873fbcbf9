import { LineFramer } from '../frames.ts';
import type { Decoded, Decoder, RejectReason, Sample } from './decoder.ts';

/** A decoder of a format that has one sample a line. */
export function lineDecoder(
  options: { limit: number; atLineStart: boolean },
  parse: (line: string) => Sample | RejectReason,
): Decoder {
  const framer = new LineFramer(options.limit, options.atLineStart);
  return {
    push(chunk) {
      const { lines, overlong, fragments } = framer.push(chunk);
      const decoded: Decoded = { samples: [], rejects: [] };
      for (let count = 0; count < overlong; count++) decoded.rejects.push('overlong');
      for (let count = 0; count < fragments; count++) decoded.rejects.push('fragment');
      for (const line of lines) {
        const result = parse(line);
        if (typeof result === 'string') decoded.rejects.push(result);
        else decoded.samples.push(result);
      }
      return decoded;
    },
  };
}
