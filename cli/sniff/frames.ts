import { isEven } from '../../meter/decoders/seven-bit.ts';

/** A line, or what came between two pauses. */
export interface Frame {
  /** When its first byte came, ms of the caller's clock. */
  at: number;
  /** Its line end included. */
  bytes: Buffer;
}

const LINE_FEED = 0x0a;
const ASCII = 0x7f;
/** Bytes; what has no line end is shown in pieces of this. */
const LONGEST = 1024;
/** Of a frame; below it, all of it is shown as hex. */
const READABLE = 0.7;
/** ms without a byte that end a frame of no text: at 300 baud, characters are 33 ms apart. */
const PAUSE = 100;

/**
 * Cuts bytes into what can be shown: text at each line feed, all else after a pause, and either where a
 * piece grows too long.
 */
export class RawFrames {
  #pending: Buffer[] = [];
  #length = 0;
  #readable = 0;
  #at = 0;
  #last = 0;

  /** @param at ms of a clock that never steps. */
  push(chunk: Uint8Array, at: number): Frame[] {
    const frames: Frame[] = at - this.#last >= PAUSE && !this.#isText() ? this.flush() : [];
    this.#last = at;
    for (let rest = Buffer.from(chunk); rest.length > 0; ) {
      const end = rest.indexOf(LINE_FEED) + 1 || rest.length;
      const piece = rest.subarray(0, Math.min(end, LONGEST - this.#length));
      if (this.#length === 0) this.#at = at;
      this.#pending.push(piece);
      this.#length += piece.length;
      this.#readable += piece.filter(isCharacter).length;
      rest = rest.subarray(piece.length);
      const isLine = piece.at(-1) === LINE_FEED && this.#isText();
      if (isLine || this.#length === LONGEST) frames.push(...this.flush());
    }
    return frames;
  }

  /** What has come of a frame that has not ended; to be called after a pause. */
  flush(): Frame[] {
    if (this.#length === 0) return [];
    const frame = { at: this.#at, bytes: Buffer.concat(this.#pending) };
    this.#pending = [];
    this.#length = 0;
    this.#readable = 0;
    return [frame];
  }

  #isText(): boolean {
    return this.#length > 0 && this.#readable / this.#length >= READABLE;
  }
}

/** Whether a byte is printable ASCII, a tab or a line end. */
export function isText(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Text, or text with its parity. */
function isCharacter(byte: number): boolean {
  return isText(byte) || (isEven(byte) && isText(byte & ASCII));
}

/**
 * `1 2`, `1 2\xff`, or, where little of it is text, `7e a0 1f`; without the line end that every line has.
 * Text that came with a parity bit is shown without it, and said to be `(7E1)`.
 */
export function showBytes(bytes: Uint8Array): string {
  const readable = bytes.filter(isText).length / bytes.length;
  if (readable < 1 && bytes.every((byte) => isEven(byte) && isCharacter(byte)))
    return `${showText(bytes.map((byte) => byte & ASCII))} (7E1)`;
  return readable < READABLE ? [...bytes].map(hex).join(' ') : showText(bytes);
}

function showText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/\r?\n$/, '')
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r')
    .replaceAll(/[^\x20-\x7e]/g, (character) => `\\x${hex(character.charCodeAt(0))}`);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
