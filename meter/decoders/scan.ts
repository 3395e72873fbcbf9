import type { Decoded, Decoder, RejectReason } from './decoder.ts';

/**
 * What stands at a place of a stream. `open`: perhaps a frame, more bytes must tell; the first `seen` need
 * not be looked at again. `none`: no frame that can be read begins here; with a reason where it was meant
 * to be one and went wrong by `end`. `frame`: one up to `end`, and what it says.
 */
export type Found =
  | { kind: 'open'; seen: number }
  | { kind: 'none'; end: number; reason?: RejectReason }
  | { kind: 'frame'; end: number; decoded: Decoded };

export interface Grammar {
  /** Bytes; a longer frame is none. */
  limit: number;
  /** Whether a frame may begin with this byte. */
  starts(byte: number): boolean;
  /** @param bytes from the place on, at most `limit`. @param seen what it said when it was asked before. */
  read(bytes: Uint8Array, seen: number): Found;
}

/** CR, LF, NUL, and a CR with its parity bit: what stands between frames and means nothing. */
const BLANKS: readonly number[] = [0x0d, 0x0a, 0x00, 0x8d];

/**
 * A decoder of frames that tell where they begin. What turns out to be none is searched once more from
 * its second byte on, so that a false or torn start never costs the frame that follows it.
 */
export function scan(grammar: Grammar): Decoder {
  let pending: Uint8Array = new Uint8Array();
  let seen = 0;
  /** Bytes of `pending` whose loss was told already. */
  let told = 0;
  /** Bytes that belong to nothing since the last frame; one reject stands for up to `limit` of them. */
  let junk = 0;

  return {
    push(chunk) {
      const decoded: Required<Decoded> = { samples: [], rejects: [], remarks: [] };
      const bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      let at = 0;
      const skip = (byte: number) => {
        if (at >= told && !BLANKS.includes(byte) && junk++ % grammar.limit === 0)
          decoded.rejects.push('fragment');
        at += 1;
        seen = 0;
      };
      for (;;) {
        const byte = bytes[at];
        if (byte === undefined) break;
        if (!grammar.starts(byte)) {
          skip(byte);
          continue;
        }
        const found = read(grammar, bytes.subarray(at, at + grammar.limit), seen);
        if (found.kind === 'open') {
          seen = found.seen;
          break;
        }
        if (found.kind === 'none') {
          if (found.reason !== undefined && at >= told) {
            decoded.rejects.push(found.reason);
            told = at + found.end;
            // What follows until the next start belongs to the same damage.
            junk = 1;
          }
          skip(byte);
          continue;
        }
        decoded.samples.push(...found.decoded.samples);
        decoded.rejects.push(...found.decoded.rejects);
        decoded.remarks.push(...(found.decoded.remarks ?? []));
        at += found.end;
        seen = 0;
        junk = 0;
      }
      pending = bytes.slice(at);
      told = Math.max(0, told - at);
      const { samples, rejects, remarks } = decoded;
      return remarks.length === 0 ? { samples, rejects } : decoded;
    },
  };
}

function read(grammar: Grammar, bytes: Uint8Array, seen: number): Found {
  const found = grammar.read(bytes, seen);
  if (found.kind !== 'open' || bytes.length < grammar.limit) return found;
  return { kind: 'none', end: bytes.length, reason: 'overlong' };
}
