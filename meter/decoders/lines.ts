import { LineFramer } from '../frames.ts';
import type { Decoded, Decoder, RejectReason, Sample } from './decoder.ts';

/** A decoder of a format that has at most one sample a line. @param parse gives nothing for a line that says nothing. */
export function lineDecoder(
  options: { limit: number; atLineStart: boolean },
  parse: (line: string) => Sample | RejectReason | undefined,
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
        else if (result !== undefined) decoded.samples.push(result);
      }
      return decoded;
    },
  };
}
