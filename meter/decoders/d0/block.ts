import type { Found } from '../scan.ts';
import { characterMask, identifies, SLASH } from '../seven-bit.ts';

const NUL = 0x00;
const STX = 0x02;
const ETX = 0x03;
const ACK = 0x06;
const LF = 0x0a;
const CR = 0x0d;
const END = 0x21;
const PARENTHESIS = 0x29;
const QUESTION = 0x3f;
/** A request may name a device by up to 32 characters; identifications are shorter. */
const LONGEST_LINE = 64;

export interface Block {
  /** Where the telegram ends. */
  end: number;
  /** Its data, `!` and all. */
  from: number;
  to: number;
  /** Whether the check that follows it fits; undefined where the meter sends none. */
  bcc?: boolean;
}

type Unread = Exclude<Found, { kind: 'frame' }>;

/** The end of our own request, `/?…!`, as a head sends it back that has one wire for both ways. */
export function readRequest(bytes: Uint8Array): number | Unread | undefined {
  const mask = characterMask(bytes[0]);
  const second = bytes[1];
  if (second === undefined) return { kind: 'open', seen: 0 };
  if ((second & mask) !== QUESTION) return undefined;
  const line = bytes.subarray(0, LONGEST_LINE);
  const end = line.findIndex((byte) => (byte & mask) === END || (byte & mask) < 0x20);
  if (end === -1) return line.length === LONGEST_LINE ? { kind: 'none', end: 1 } : { kind: 'open', seen: 0 };
  return ((line[end] ?? 0) & mask) === END ? end + 1 : { kind: 'none', end: 1 };
}

/**
 * The data of the telegram that begins with the first byte: between STX and ETX with a check after it, or
 * up to `!` of meters that send neither. What stands between the identification and STX is of no interest:
 * our own acknowledgement may come back, and noise of the change of baud.
 */
export function readBlock(bytes: Uint8Array, seen: number): Block | Unread {
  const mask = characterMask(bytes[0]);
  const isTelegram = identifies(bytes, 0, mask);
  if (isTelegram === undefined) return { kind: 'open', seen: 0 };
  const line = bytes.subarray(0, LONGEST_LINE);
  const header = isTelegram ? line.findIndex((byte) => (byte & mask) < 0x20 && (byte & mask) !== CR) : 0;
  if (header === -1 && line.length < LONGEST_LINE) return { kind: 'open', seen: 0 };
  if (((bytes[header] ?? 0) & mask) !== LF) return { kind: 'none', end: 1 };

  let stx = indexOf(bytes.subarray(0, Math.max(seen, header)), STX, mask);
  for (let index = Math.max(seen, header); index < bytes.length; index += 1) {
    const byte = (bytes[index] ?? 0) & mask;
    if (byte === SLASH) {
      const next = bytes[index + 1];
      const isNext = next !== undefined && ((next & mask) === QUESTION || beginsAnew(bytes, index, mask));
      if (isNext === undefined || next === undefined) return { kind: 'open', seen: index };
      if (isNext) return { kind: 'none', end: index, reason: 'syntax' };
    }
    if (byte === STX && stx === -1) stx = index;
    const after = bytes[index + 1];
    if (byte === (stx === -1 ? END : ETX)) {
      if (after === undefined) return { kind: 'open', seen: index };
      if (stx !== -1) {
        const bcc = fits(bytes.subarray(stx + 1, index + 2), mask);
        // A check that was lost, or is never sent, must not cost the next telegram.
        const isMissing = !bcc && (after & mask) === SLASH;
        return { end: index + (isMissing ? 1 : 2), from: stx + 1, to: index, bcc };
      }
      return isLineStart(after & mask)
        ? { end: index + 1, from: dataStart(bytes, header, mask), to: index }
        : { kind: 'none', end: index + 1, reason: 'syntax' };
    }
  }
  return { kind: 'open', seen: bytes.length };
}

/** Past an acknowledgement of ours that came back, to what may be the first data set. */
function dataStart(bytes: Uint8Array, header: number, mask: number): number {
  const first = bytes.findIndex((byte, index) => index > header && !isLineStart(byte & mask));
  const isOurs = ((bytes[first] ?? 0) & mask) === ACK;
  return isOurs ? Math.max(first, bytes.indexOf(LF, first)) : first;
}

/**
 * Whether another identification begins here, which is a line of its own: some meters write units such as
 * `m3/h` and `imp/kWh`, or their own identification as a value, though the standard keeps the slash for this.
 * Undefined while there are too few bytes to tell.
 */
function beginsAnew(bytes: Uint8Array, at: number, mask: number): boolean | undefined {
  const isTelegram = identifies(bytes, at, mask);
  if (!isTelegram) return isTelegram;
  const line = bytes.subarray(at, at + LONGEST_LINE);
  const end = line.find((byte) => (byte & mask) === PARENTHESIS || (byte & mask) < 0x20);
  if (end === undefined) return line.length < LONGEST_LINE ? undefined : false;
  return (end & mask) !== PARENTHESIS;
}

const isLineStart = (before: number) => before === CR || before === LF || before === NUL;

function indexOf(bytes: Uint8Array, wanted: number, mask: number): number {
  for (let index = 0; index < bytes.length; index += 1)
    if (((bytes[index] ?? 0) & mask) === wanted) return index;
  return -1;
}

/** The check is the XOR of all that comes after STX, ETX with it: together with it, they are zero. */
const fits = (bytes: Uint8Array, mask: number) => (bytes.reduce((xor, byte) => xor ^ byte, 0) & mask) === 0;
