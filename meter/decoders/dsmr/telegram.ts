import { crc16Arc, crc16X25 } from '../crc.ts';
import type { RejectReason, Sample } from '../decoder.ts';
import { dataSets } from '../obis/data-sets.ts';
import { quantities } from '../obis/quantities.ts';
import { sampleOf, saysSomething, withinRange } from '../obis/sample.ts';
import { mbusVolumes } from './mbus.ts';

/** Where meters tell their identity: the Netherlands and Belgium, Luxembourg and Hungary, Sweden, Switzerland. */
const IDENTITIES = ['0-0:96.1.1', '0-0:42.0.0', '0-0:96.1.0', '0.0.0', '0-0:0.0.0'];
/** Only telegrams that carry a checksum tell a version: the Dutch, and the Belgian one. */
const VERSIONS = ['1-3:0.2.8', '0-0:96.1.4'];
const CRC_DIGITS = /^[0-9A-F]{4}$/i;

export type Check = (bytes: Uint8Array) => number;
/** That of the standard, and that of Holley's meters. */
export const CHECKS: readonly Check[] = [crc16Arc, crc16X25];

/**
 * A telegram as its checksum says that it was sent, undefined where it says that it is damaged. A terminal, an
 * adapter or an editor may have made other line ends of its CR and LF, and some adapters put NULs in.
 * @param body from `/` to `!`. @param digits the four after it. @param checks that may be meant.
 */
export function asSent(
  body: Uint8Array,
  digits: string,
  checks: readonly Check[],
): { body: Uint8Array; check: Check } | undefined {
  if (!CRC_DIGITS.test(digits)) return undefined;
  const crc = Number.parseInt(digits, 16);
  const text = Buffer.from(body).toString('latin1');
  const mended = Buffer.from(text.replaceAll('\0', '').replaceAll(/\r\n?|\n/g, '\r\n'), 'latin1');
  for (const each of [body, mended])
    for (const check of checks) if (check(each) === crc) return { body: each, check };
  return undefined;
}

/**
 * What a telegram says.
 * @param body from `/` to `!`, without parity bits.
 * @param options.checked it is known to be as it was sent. Otherwise nothing in it may be odd.
 */
export function readTelegram(
  body: Uint8Array,
  { checked, maxCurrent }: { checked: boolean; maxCurrent: number },
): Sample | RejectReason {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length - 1).toString('latin1');
  const header = text.indexOf('\n');
  if (header === -1) return 'syntax';
  const sets = dataSets(text.slice(header));
  if (!checked && VERSIONS.some((version) => sets.values.has(version))) return 'checksum';
  const { numbers, odd } = quantities(sets);
  if (!checked && (sets.odd || odd)) return 'syntax';
  const device = IDENTITIES.map((code) => sets.values.get(code)?.[0]).find(Boolean);
  const sample: Sample = {
    ...sampleOf(numbers),
    ...(device !== undefined && { device: readable(device) }),
    ...mbusVolumes(sets.values),
  };
  if (!saysSomething(sample)) return 'syntax';
  return withinRange(sample, maxCurrent) ? sample : 'range';
}

/** Identities are text in hexadecimal, of most meters; where it gives none, the digits stand for themselves. */
function readable(digits: string): string {
  if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) return digits;
  const text = Buffer.from(digits, 'hex').toString('latin1');
  return /^[\x20-\x7e]+$/.test(text) ? text.trim() : digits;
}
