import type { Decoded, Decoder, DecoderOptions, RejectReason, Remark, Sample } from './decoder.ts';
import { CIPHERED, decipher, readCiphered } from './dsmr/cipher.ts';
import { isIntact, readTelegram } from './dsmr/telegram.ts';
import { type Found, scan } from './scan.ts';
import { characterMask, identifies, isSlash, SLASH, stripParity } from './seven-bit.ts';

/** Twice what the standard wants a receiver to hold. */
const LONGEST = 8192;
const END = 0x21;
const CR = 0x0d;
const LF = 0x0a;
const CRC_DIGITS = 4;

/**
 * P1 telegrams of DSMR 2 to 5 and of what is made like it in Belgium, Luxembourg, Sweden, Denmark,
 * Hungary, Lithuania and Austria, encrypted ones among them. Before version 4 they had no checksum: such a
 * telegram must be without fault in all that can be seen, and is remarked as `unchecked`; on a line that
 * has told a checksum once, none is accepted without.
 */
export function createDsmrDecoder({ maxCurrent, key, authenticationKey }: DecoderOptions): Decoder {
  let hasCrc = false;

  const readChecked = (body: Uint8Array) => {
    hasCrc = true;
    return readTelegram(body, { checked: true, maxCurrent });
  };

  const readPlain = (bytes: Uint8Array, seen: number): Found => {
    const found = findEnd(bytes, seen);
    if (typeof found !== 'number') return found;
    const body = bytes.subarray(0, found + 1);
    const mask = characterMask(bytes[0]);
    const after = bytes[found + 1];
    if (after === undefined) return { kind: 'open', seen: found };
    if ((after & mask) !== CR && (after & mask) !== LF) {
      const end = found + 1 + CRC_DIGITS;
      if (bytes.length < end) return { kind: 'open', seen: found };
      const digits = Buffer.from(bytes.subarray(found + 1, end)).toString('latin1');
      return isIntact(body, digits)
        ? frame(end, readChecked(body))
        : { kind: 'none', end: found + 1, reason: 'checksum' };
    }
    const { bytes: plain, sound } = stripParity(body, mask);
    const result = hasCrc || !sound ? 'checksum' : readTelegram(plain, { checked: false, maxCurrent });
    if (typeof result === 'string') return { kind: 'none', end: found + 1, reason: result };
    return frame(found + 1, result, 'unchecked');
  };

  const readEncrypted = (bytes: Uint8Array, seen: number): Found => {
    const ciphered = readCiphered(bytes, { limit: LONGEST, seen });
    if ('kind' in ciphered) return ciphered;
    if (key === undefined) return frame(ciphered.end, 'key');
    const plain = decipher(ciphered, key, authenticationKey);
    if (plain === undefined) return frame(ciphered.end, 'key');
    const end = plain.text.indexOf(END);
    const body = plain.text.subarray(0, end + 1);
    if (plain.genuine) return frame(ciphered.end, body[0] === SLASH ? readChecked(body) : 'syntax');
    // With a checksum that fits, nothing is damaged: it is the other key that is another.
    const digits = Buffer.from(plain.text.subarray(end + 1, end + 1 + CRC_DIGITS)).toString('latin1');
    const isDamaged = body[0] === SLASH && !isIntact(body, digits);
    return { kind: 'none', end: ciphered.end, reason: isDamaged ? 'checksum' : 'key' };
  };

  return scan({
    limit: LONGEST,
    starts: (byte) => isSlash(byte) || byte === CIPHERED,
    read: (bytes, seen) => (bytes[0] === CIPHERED ? readEncrypted(bytes, seen) : readPlain(bytes, seen)),
  });
}

/** Where the `!` of a telegram stands; what cannot be in one, and another one's `/`, ends the search. */
function findEnd(bytes: Uint8Array, seen: number): number | Found {
  const mask = characterMask(bytes[0]);
  const isTelegram = identifies(bytes, 0, mask);
  if (isTelegram === undefined) return { kind: 'open', seen: 0 };
  if (!isTelegram) return { kind: 'none', end: 1 };
  for (let index = Math.max(seen, 1); index < bytes.length; index += 1) {
    const byte = (bytes[index] ?? 0) & mask;
    if (byte === END) return index;
    const fits = byte >= 0x20 && byte < 0x7f && byte !== SLASH;
    if (fits || byte === CR || byte === LF) continue;
    // Without a whole first line it was no telegram at all.
    const hasHeader = bytes.subarray(0, index).some((each) => (each & mask) === LF);
    return hasHeader ? { kind: 'none', end: index, reason: 'syntax' } : { kind: 'none', end: index };
  }
  return { kind: 'open', seen: bytes.length };
}

function frame(end: number, result: Sample | RejectReason, remark?: Remark): Found {
  const decoded: Decoded =
    typeof result === 'string'
      ? { samples: [], rejects: [result] }
      : { samples: [result], rejects: [], ...(remark && { remarks: [remark] }) };
  return { kind: 'frame', end, decoded };
}
