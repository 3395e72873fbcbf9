import type { Decoded, Decoder, DecoderOptions } from './decoder.ts';
import { DATA, isIntact, READ, REFUSED, readAnswer } from './pzem-frame.ts';
import { type Found, scan } from './scan.ts';

/** Bytes: address, function, number of bytes, the bytes, checksum. */
const ANSWER = 3 + DATA + 2;
/** Address, function, what was wrong with the question, checksum. */
const REFUSAL = 5;
/** Address, function, first register, number of registers, checksum. */
const QUESTION = 8;
const LAST_ADDRESS = 248;

/**
 * Answers of PZEM-004T v3 modules (and of the PZEM-014 and -016, which speak alike), any number of them on
 * one line, told apart by `address`. Our own questions, which come back where one wire serves both ways,
 * are passed over. What a module refuses to answer (`0x84`) is refused as `range`: intact, but no value.
 *
 * Modbus parts frames by pauses, which a stream of bytes does not show: any address may begin one, and the
 * checksum decides. A module whose mains is gone does not answer, for mains feeds it; nothing freezes here.
 */
export function createPzemDecoder({ maxCurrent }: DecoderOptions): Decoder {
  return scan({
    limit: ANSWER,
    starts: (byte) => byte >= 1 && byte <= LAST_ADDRESS,
    read: (bytes) => read(bytes, maxCurrent),
  });
}

function read(bytes: Uint8Array, maxCurrent: number): Found {
  const [, code, third] = bytes;
  if (code !== undefined && code !== READ && code !== REFUSED) return { kind: 'none', end: 1 };
  const isAnswer = code === READ && third === DATA;
  const length = isAnswer ? ANSWER : code === REFUSED ? REFUSAL : QUESTION;
  if (bytes.length < length) return { kind: 'open', seen: 0 };
  const frame = bytes.subarray(0, length);
  if (!isIntact(frame)) return { kind: 'none', end: length, ...(isAnswer && { reason: 'checksum' }) };
  const decoded: Decoded = { samples: [], rejects: [] };
  const sample = isAnswer ? readAnswer(frame, maxCurrent) : undefined;
  if (sample !== undefined) decoded.samples.push(sample);
  else if (length !== QUESTION) decoded.rejects.push('range');
  return { kind: 'frame', end: length, decoded };
}
