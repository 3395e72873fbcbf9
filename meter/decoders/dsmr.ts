import type { Decoded, Decoder, DecoderOptions, RejectReason, Remark, Sample } from './decoder.ts';
import { CIPHERED, decipher, readCiphered } from './dsmr/cipher.ts';
import { asSent, CHECKS, readTelegram } from './dsmr/telegram.ts';
import { type Found, scan } from './scan.ts';
import { characterMask, identifies, isSlash, SLASH, stripParity } from './seven-bit.ts';

/** Twice what the standard wants a receiver to hold. */
const LONGEST = 8192;
const END = 0x21;
const CR = 0x0d;
const LF = 0x0a;
const CRC_DIGITS = 4;
/** What a meter or an adapter may fill a telegram up with; only where a checksum says that it was sent so. */
const FILLING: readonly number[] = [0x00, 0xff];
/** What stands after the `!` of a telegram without a checksum; a slash where its line end got lost. */
const UNCHECKED: readonly number[] = [CR, LF, SLASH];

/**
 * P1 telegrams of DSMR 2 to 5 and of what is made like it in Belgium, Luxembourg, Sweden, Denmark,
 * Hungary, Lithuania, Switzerland and Austria, encrypted ones among them. Before version 4 they had no
 * checksum: such a telegram must be without fault in all that can be seen, and is remarked as `unchecked`; on a
 * line that has told a checksum once, none is accepted without. Of an encrypted one, whose authentication key
 * nobody named and is not the usual one, it is the checksum that says whether it is right.
 */
export function createDsmrDecoder({ maxCurrent, key, authenticationKey }: DecoderOptions): Decoder {
  let hasCrc = false;
  /** All, until one of them fitted. */
  let checks = CHECKS;
  let hasTag = authenticationKey !== undefined;

  const readChecked = (body: Uint8Array) => {
    hasCrc = true;
    return readTelegram(body, { checked: true, maxCurrent });
  };

  /** The telegram whose `!` stands at that place, if the checksum after it is right. */
  const sent = (text: Uint8Array, end: number): Uint8Array | undefined => {
    const digits = Buffer.from(text.subarray(end + 1, end + 1 + CRC_DIGITS)).toString('latin1');
    const told = asSent(text.subarray(0, end + 1), digits, checks);
    if (told) checks = [told.check];
    return told?.body;
  };

  const readPlain = (bytes: Uint8Array, seen: number): Found => {
    const found = findEnd(bytes, seen);
    if (typeof found !== 'number') return found;
    const mask = characterMask(bytes[0]);
    const after = bytes[found + 1];
    if (after === undefined) return { kind: 'open', seen: found };
    const end = UNCHECKED.includes(after & mask) ? found + 1 : found + 1 + CRC_DIGITS;
    if (bytes.length < end) return { kind: 'open', seen: found };
    const { bytes: plain, sound } = stripParity(bytes.subarray(0, end), mask);
    if (end > found + 1) {
      const told = sent(plain, found);
      return told ? frame(end, readChecked(told)) : { kind: 'none', end: found + 1, reason: 'checksum' };
    }
    const result = hasCrc || !sound ? 'checksum' : readTelegram(plain, { checked: false, maxCurrent });
    if (typeof result === 'string') return { kind: 'none', end, reason: result };
    return frame(end, result, 'unchecked');
  };

  const readEncrypted = (bytes: Uint8Array, seen: number): Found => {
    const ciphered = readCiphered(bytes, { limit: LONGEST, seen });
    if ('kind' in ciphered) return ciphered;
    if (key === undefined) return frame(ciphered.end, 'key');
    const plain = decipher(ciphered, key, authenticationKey);
    if (plain === undefined) return frame(ciphered.end, 'key');
    const isTelegram = plain.text[0] === SLASH;
    const end = plain.text.indexOf(END);
    if (plain.genuine) {
      hasTag = true;
      return frame(ciphered.end, isTelegram ? readChecked(plain.text.subarray(0, end + 1)) : 'syntax');
    }
    const told = isTelegram ? sent(plain.text, end) : undefined;
    if (told && !hasTag) return frame(ciphered.end, readChecked(told));
    // With a checksum that fits, nothing is damaged: it is the other key that is another.
    return { kind: 'none', end: ciphered.end, reason: isTelegram && !told ? 'checksum' : 'key' };
  };

  return scan({
    limit: LONGEST,
    starts: (byte) => isSlash(byte) || byte === CIPHERED,
    read: (bytes, seen) => (bytes[0] === CIPHERED ? readEncrypted(bytes, seen) : readPlain(bytes, seen)),
  });
}

/** Where the `!` of a telegram stands; what cannot be in one, and another one's start, ends the search. */
function findEnd(bytes: Uint8Array, seen: number): number | Found {
  const mask = characterMask(bytes[0]);
  const isTelegram = identifies(bytes, 0, mask);
  if (isTelegram === undefined) return { kind: 'open', seen: 0 };
  if (!isTelegram) return { kind: 'none', end: 1 };
  for (let index = Math.max(seen, 1); index < bytes.length; index += 1) {
    const byte = (bytes[index] ?? 0) & mask;
    if (byte === END) return index;
    const isStart = byte === SLASH && identifies(bytes, index, mask);
    if (isStart === undefined) return { kind: 'open', seen: index };
    const fits = (byte >= 0x20 && byte < 0x7f) || byte === CR || byte === LF || FILLING.includes(byte);
    if (fits && !isStart) continue;
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
