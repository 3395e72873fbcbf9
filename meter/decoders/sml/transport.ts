import { crc16Kermit, crc16X25 } from '../crc.ts';

/**
 * What stands at the beginning of bytes: an SML file, wrapped, up to `end`; or perhaps one, if more comes,
 * of which the first `seen` bytes need not be looked at again; or none, and up to where it was damaged.
 */
export type Transported =
  | { kind: 'open'; seen: number }
  | { kind: 'none' }
  | { kind: 'damaged'; end: number }
  | { kind: 'file'; end: number; file: Uint8Array; checksum: 'x25' | 'kermit' };

export const ESCAPE = 0x1b;
const BEGIN = 0x01;
const END = 0x1a;
/** Bytes of an escape, and of what follows it to say what it means. */
const GROUP = 4;
const MARK = 2 * GROUP;
/** Zeros that bring a file to a multiple of four; some meters (DZG) add four where none is needed. */
const MOST_PADDING = 4;

/**
 * Unwraps `1b1b1b1b 01010101 … 1b1b1b1b 1a <padding> <checksum>`. Within it, four bytes 1b that mean
 * themselves are doubled; a beginning shows that this frame was torn. The checksum covers all bytes as they
 * came, from the first 1b to the number of padding bytes.
 */
export function unwrap(bytes: Uint8Array, seen: number): Transported {
  const isBegun = bytes.subarray(0, MARK).every((byte, at) => byte === (at < GROUP ? ESCAPE : BEGIN));
  if (!isBegun) return { kind: 'none' };
  for (let from = Math.max(MARK, seen); ; ) {
    const at = bytes.indexOf(ESCAPE, from);
    if (at === -1) return { kind: 'open', seen: bytes.length };
    let end = at;
    while (bytes[end] === ESCAPE) end++;
    if (end + GROUP > bytes.length) return { kind: 'open', seen: at };
    const meant = end - at < GROUP ? undefined : judge(bytes, at, end);
    if (meant !== undefined) return meant;
    from = end;
  }
}

/** What the four bytes after a run of 1b say; undefined where they are data. */
function judge(bytes: Uint8Array, at: number, end: number): Transported | undefined {
  // In pairs, escapes stand for themselves, so what follows them is no mark.
  const isDoubled = (end - at) % MARK < GROUP;
  const [kind, padding = 0] = bytes.subarray(end, end + 2);
  if (bytes.subarray(end, end + GROUP).every((byte) => byte === BEGIN))
    return isDoubled ? undefined : { kind: 'damaged', end: end - GROUP };
  if (kind !== END || padding > MOST_PADDING || isDoubled) return undefined;

  const covered = bytes.subarray(0, end + 2);
  const told = (bytes[end + 2] ?? 0) | ((bytes[end + 3] ?? 0) << 8);
  const checksum = crc16X25(covered) === told ? 'x25' : crc16Kermit(covered) === told ? 'kermit' : undefined;
  if (checksum === undefined) return { kind: 'damaged', end: end + GROUP };
  const content = undouble(bytes.subarray(MARK, end - GROUP));
  const file = content.subarray(0, Math.max(0, content.length - padding));
  return { kind: 'file', end: end + GROUP, file, checksum };
}

/** Halves doubled escapes. A single one stands for itself: there are meters that do not double. */
function undouble(bytes: Uint8Array): Uint8Array {
  const plain = new Uint8Array(bytes.length);
  let length = 0;
  let run = 0;
  for (const byte of bytes) {
    run = byte === ESCAPE ? run + 1 : 0;
    if (run === MARK) {
      length -= GROUP - 1;
      run = 0;
    } else plain[length++] = byte;
  }
  return plain.slice(0, length);
}
