/** A line, or what came between two pauses. */
export interface Frame {
  /** When its first byte came, ms of the caller's clock. */
  at: number;
  /** Its line end included. */
  bytes: Buffer;
}

const LINE_FEED = 0x0a;
/** Bytes; what has no line end is shown in pieces of this. */
const LONGEST = 256;
/** Of a frame; below it, all of it is shown as hex. */
const READABLE = 0.7;

/** Cuts bytes into what can be shown: at each line feed, after a pause, and where a piece grows too long. */
export class RawFrames {
  #pending: Buffer[] = [];
  #length = 0;
  #at = 0;

  push(chunk: Uint8Array, at: number): Frame[] {
    const frames: Frame[] = [];
    for (let rest = Buffer.from(chunk); rest.length > 0; ) {
      const end = rest.indexOf(LINE_FEED) + 1 || rest.length;
      const piece = rest.subarray(0, Math.min(end, LONGEST - this.#length));
      if (this.#length === 0) this.#at = at;
      this.#pending.push(piece);
      this.#length += piece.length;
      rest = rest.subarray(piece.length);
      if (piece.at(-1) === LINE_FEED || this.#length === LONGEST) frames.push(...this.flush());
    }
    return frames;
  }

  /** What has come of a frame that has not ended; to be called after a pause. */
  flush(): Frame[] {
    if (this.#length === 0) return [];
    const frame = { at: this.#at, bytes: Buffer.concat(this.#pending) };
    this.#pending = [];
    this.#length = 0;
    return [frame];
  }
}

/** Whether a byte is printable ASCII, a tab or a line end. */
export function isText(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** `1 2`, `1 2\xff`, or, where little of it is text, `7e a0 1f`; without the line end that every line has. */
export function showBytes(bytes: Uint8Array): string {
  const readable = bytes.filter(isText).length / bytes.length;
  if (readable < READABLE) return [...bytes].map(hex).join(' ');
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
