import { createDecipheriv } from 'node:crypto';
import type { Found } from '../scan.ts';

/** DLMS general-glo-ciphering. */
export const CIPHERED = 0xdb;
const TITLE = 8;
/** AES-128-GCM: encrypted with a tag, or only encrypted. */
const AUTHENTICATED = 0x30;
const ENCRYPTED = 0x20;
const COUNTER = 4;
const TAG = 12;
/** Security byte, frame counter, and a telegram of at least a few bytes; its tag comes on top. */
const LEAST = 1 + COUNTER + 16;
/** The one that Luxembourg's meters, and those of others that copied them, are delivered with. */
const AUTHENTICATION_KEY = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

export interface Ciphered {
  /** Where it ends. */
  end: number;
  /** System title and frame counter: the nonce. */
  nonce: Uint8Array;
  text: Uint8Array;
  /** Empty where it is only encrypted. */
  tag: Uint8Array;
}

/**
 * The frame that begins with the first byte: `db 08 <title> <length> 30 <counter> <text> <tag>`, or with 20
 * and without the tag.
 * @param options.limit bytes, header and all. @param options.seen what it said when it was asked before.
 */
export function readCiphered(
  bytes: Uint8Array,
  { limit, seen }: { limit: number; seen: number },
): Ciphered | Exclude<Found, { kind: 'frame' }> {
  const open = { kind: 'open', seen: 0 } as const;
  const none = { kind: 'none', end: 1 } as const;
  const [, titleLength, form] = [bytes[0], bytes[1], bytes[2 + TITLE]];
  if (titleLength !== undefined && titleLength !== TITLE) return none;
  if (form === undefined) return open;
  if (form > 0x82 || form === 0x80) return none;
  const sizes = form > 0x80 ? form - 0x80 : 0;
  const start = 3 + TITLE + sizes;
  const security = bytes[start];
  if (security === undefined) return open;
  if (security !== AUTHENTICATED && security !== ENCRYPTED) return none;
  const tag = security === AUTHENTICATED ? TAG : 0;
  const length =
    sizes === 0 ? form : bytes.subarray(start - sizes, start).reduce((sum, byte) => sum * 256 + byte, 0);
  const end = start + length;
  if (length < LEAST + tag || end > limit) return none;
  // A damaged length may reach far into the next frames, which the meter's own title gives away.
  const within = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(end, bytes.length));
  const next = within.indexOf(bytes.subarray(0, 2 + TITLE), Math.max(1, seen - TITLE));
  if (next !== -1) return { kind: 'none', end: next, reason: 'checksum' };
  if (bytes.length < end) return { kind: 'open', seen: bytes.length };
  const text = start + 1 + COUNTER;
  return {
    end,
    nonce: Buffer.concat([bytes.subarray(2, 2 + TITLE), bytes.subarray(start + 1, text)]),
    text: bytes.subarray(text, end - tag),
    tag: bytes.subarray(end - tag, end),
  };
}

/** The text, and whether the tag says that it is genuine; undefined where the key is no key. */
export function decipher(
  { nonce, text, tag }: Ciphered,
  key: Uint8Array,
  authenticationKey: Uint8Array = AUTHENTICATION_KEY,
): { text: Uint8Array; genuine: boolean } | undefined {
  if (key.length !== 16) return undefined;
  const decipher = createDecipheriv('aes-128-gcm', key, nonce, { authTagLength: TAG });
  decipher.setAAD(Buffer.concat([Uint8Array.of(AUTHENTICATED), authenticationKey]));
  const plain = decipher.update(text);
  if (tag.length === 0) return { text: plain, genuine: false };
  decipher.setAuthTag(tag);
  try {
    decipher.final();
    return { text: plain, genuine: true };
  } catch {
    return { text: plain, genuine: false };
  }
}
