/** `/` with the bit that makes its ones even. */
const SLASH_EVEN = 0xaf;

/** Whether each byte has an odd number of ones. */
const ODD = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0;
  for (let rest = byte; rest > 0; rest >>= 1) ones ^= rest & 1;
  return ones;
});

/** Whether an even number of its bits is set, as even parity makes it of seven bits read as eight. */
export const isEven = (byte: number) => ODD[byte] === 0;

export const SLASH = 0x2f;
/** What a telegram of seven-bit characters may begin with: `/`, or `/` of 7E1 that was read as 8N1. */
export const isSlash = (byte: number | undefined) => byte === SLASH || byte === SLASH_EVEN;

/** The bits of a character, by the telegram's first byte: all eight, unless that one came with its parity. */
export const characterMask = (first: number | undefined) => (first === SLASH_EVEN ? 0x7f : 0xff);

/**
 * The bytes without their parity bit where the mask says that they have one, and whether it was right:
 * even, or set in every byte. Bytes that came without it are as they are.
 */
export function stripParity(bytes: Uint8Array, mask: number): { bytes: Uint8Array; sound: boolean } {
  if (mask === 0xff) return { bytes, sound: true };
  return {
    bytes: bytes.map((byte) => byte & mask),
    sound: bytes.every(isEven) || bytes.every((byte) => byte > 0x7f),
  };
}

/**
 * Whether an identification line (`/ISK5…`) begins at a place: a slash and the three letters of a maker.
 * Undefined while there are too few bytes to tell.
 */
export function identifies(bytes: Uint8Array, at: number, mask: number): boolean | undefined {
  for (let index = at + 1; index <= at + 3; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    if (!isLetter(byte & mask)) return false;
  }
  return true;
}

const isLetter = (byte: number) => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
