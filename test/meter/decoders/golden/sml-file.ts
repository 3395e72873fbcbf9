/** Writes SML, as a meter does. */
import { crc16Kermit, crc16X25 } from '../../../../meter/decoders/crc.ts';

export type Checksum = 'x25' | 'kermit';
const CHECKSUMS = { x25: crc16X25, kermit: crc16Kermit };

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** The head of a value: type, and a length that takes several bytes from 16 on. */
function head(type: number, length: number): Buffer {
  if (length < 16) return Buffer.of(type | length);
  if (length < 256) return Buffer.of(0x80 | type | (length >> 4), length & 0x0f);
  return Buffer.of(0x80 | type | (length >> 8), 0x80 | ((length >> 4) & 0x0f), length & 0x0f);
}

export function octets(content: Uint8Array | string): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  const own = [1, 2, 3].find((heads) => bytes.length + heads < 16 ** heads) ?? 3;
  return Buffer.concat([head(0, bytes.length + own), bytes]);
}

/** @param width bytes; a negative value is written signed. */
export function integer(value: number | bigint, width: number, signed = true): Buffer {
  const bits = BigInt.asUintN(8 * width, BigInt(value));
  const bytes = hex(bits.toString(16).padStart(2 * width, '0'));
  return Buffer.concat([Buffer.of((signed ? 0x50 : 0x60) | (width + 1)), bytes]);
}

export const list = (...items: Uint8Array[]) => Buffer.concat([head(0x70, items.length), ...items]);
export const NONE = Buffer.of(0x01);
const unsigned = (value: number, width: number) => integer(value, width, false);

/** @param code six bytes in hexadecimal. @param unit and scaler of DLMS; undefined where left out. */
export function entry(code: string, value: Uint8Array, unit?: number, scaler?: number): Buffer {
  return list(
    octets(hex(code)),
    NONE,
    NONE,
    unit === undefined ? NONE : unsigned(unit, 1),
    scaler === undefined ? NONE : integer(scaler, 1),
    value,
    NONE,
  );
}

export const UNITS = { Wh: 0x1e, W: 0x1b, V: 0x23, A: 0x21, Hz: 0x2c, degrees: 0x08, none: 0xff };

function message(tag: number, content: Uint8Array, checksum: Checksum): Buffer {
  const body = list(octets(hex('0102')), unsigned(0, 1), unsigned(0, 1), list(unsigned(tag, 2), content));
  // One item more than the list has so far: the checksum, and what ends the message.
  const counted = Buffer.concat([Buffer.of(0x76), body.subarray(1)]);
  return Buffer.concat([counted, unsigned(CHECKSUMS[checksum](counted), 2), Buffer.of(0)]);
}

/** A file of open, list and close. @param server the meter's identity, in hexadecimal. */
export function file(server: string, entries: Uint8Array[], checksum: Checksum = 'x25'): Buffer {
  const id = octets(hex(server));
  const open = list(NONE, NONE, octets(hex('aabbcc')), id, NONE, NONE);
  const time = list(unsigned(1, 1), unsigned(0x00f1e2d3, 4));
  const values = list(NONE, id, octets(hex('0100620affff')), time, list(...entries), NONE, NONE);
  return Buffer.concat([
    message(0x0101, open, checksum),
    message(0x0701, values, checksum),
    message(0x0201, list(NONE), checksum),
  ]);
}

/** Wraps a file for transport. */
export function transport(content: Uint8Array, checksum: Checksum = 'x25'): Buffer {
  const padding = (4 - (content.length % 4)) % 4;
  const doubled: number[] = [];
  let run = 0;
  for (const byte of Buffer.concat([content, Buffer.alloc(padding)])) {
    doubled.push(byte);
    run = byte === 0x1b ? run + 1 : 0;
    if (run === 4) {
      doubled.push(0x1b, 0x1b, 0x1b, 0x1b);
      run = 0;
    }
  }
  const covered = Buffer.concat([
    hex('1b1b1b1b 01010101'),
    Buffer.from(doubled),
    hex('1b1b1b1b 1a'),
    Buffer.of(padding),
  ]);
  const crc = CHECKSUMS[checksum](covered);
  return Buffer.concat([covered, Buffer.of(crc & 0xff, crc >> 8)]);
}
