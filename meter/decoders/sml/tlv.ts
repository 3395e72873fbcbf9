export interface Integer {
  /** A number of more than 53 bits loses its last ones. */
  value: number;
  /** The same bytes, read as if they had no sign. */
  unsigned: number;
  /** Bytes. */
  width: number;
}

/** An octet string, a number, a truth value, a list; undefined for what ends a message. */
export type Value = Uint8Array | Integer | boolean | Value[] | undefined;

interface Read {
  value: Value;
  /** Where the next one begins. */
  next: number;
}

/** A message, its body, its list, an entry, a time: six are in use. */
const DEEPEST = 10;
/** Type, length, and whether the next byte tells more of the length. */
const TYPE = 0x70;
const LENGTH = 0x0f;
const MORE = 0x80;
const OCTETS = 0x00;
const BOOLEAN = 0x40;
const INTEGER = 0x50;
const UNSIGNED = 0x60;
const LIST = 0x70;
const LONGEST_HEAD = 3;
const LONGEST_NUMBER = 8;

/**
 * One value of SML's binary encoding: a head with type and length, then as many bytes, or values.
 * @returns undefined where the bytes are none, end too early, or nest too deeply.
 */
export function readValue(bytes: Uint8Array, at: number, depth = 0): Read | undefined {
  const first = bytes[at];
  if (first === undefined || depth > DEEPEST) return undefined;
  let length = first & LENGTH;
  let next = at + 1;
  for (let last = first; last & MORE; next++) {
    const byte = bytes[next];
    if (byte === undefined || next - at >= LONGEST_HEAD || (byte & TYPE) !== 0) return undefined;
    length = (length << 4) | (byte & LENGTH);
    last = byte;
  }
  if ((first & TYPE) === LIST) return readList(bytes, next, length, depth + 1);
  if (first === 0) return { value: undefined, next };

  // The length of anything else counts its head.
  const end = at + length;
  if (end < next || end > bytes.length) return undefined;
  const content = bytes.subarray(next, end);
  switch (first & TYPE) {
    case OCTETS:
      return { value: content, next: end };
    case BOOLEAN:
      return content.length === 1 ? { value: content[0] !== 0, next: end } : undefined;
    case INTEGER:
    case UNSIGNED: {
      const width = content.length;
      if (width === 0 || width > LONGEST_NUMBER) return undefined;
      const number = BigInt(`0x${Buffer.from(content).toString('hex')}`);
      const unsigned = Number(number);
      const isSigned = (first & TYPE) === INTEGER;
      const value = isSigned ? Number(BigInt.asIntN(8 * width, number)) : unsigned;
      return { value: { value, unsigned, width }, next: end };
    }
    default:
      return undefined;
  }
}

function readList(bytes: Uint8Array, at: number, length: number, depth: number): Read | undefined {
  const list: Value[] = [];
  let next = at;
  while (list.length < length) {
    const item = readValue(bytes, next, depth);
    if (item === undefined) return undefined;
    list.push(item.value);
    next = item.next;
  }
  return { value: list, next };
}
