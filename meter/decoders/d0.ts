import { type Block, readBlock, readRequest } from './d0/block.ts';
import { unnumberPresent } from './d0/present.ts';
import type { Decoded, Decoder, DecoderOptions, RejectReason, Sample } from './decoder.ts';
import { dataSets } from './obis/data-sets.ts';
import { heat, quantities, volume } from './obis/quantities.ts';
import { sampleOf, saysSomething, withinRange } from './obis/sample.ts';
import { type Found, scan } from './scan.ts';
import { characterMask, isSlash, stripParity } from './seven-bit.ts';

/** A readout with its previous months and load profile takes some kilobytes. */
const LONGEST = 16_384;
/** Where meters tell their identity: what the owner reads on them, and what their maker numbered. */
const IDENTITIES = [
  ...['0.0.0', '96.1.0', '0-0:96.1.0', '0-0:96.1.255', 'C.1.0', '0-0:C.1.0'],
  // An owner's number, which is no meter's own where there is another.
  ...['0-0:96.1.1', '0.0.1'],
];
const GAS = ['7-0:3.0.0', '7-0:3.1.0', '7-0:3.2.0', '7-0:1.0.0'];
const WATER = ['8-0:1.0.0', '9-0:1.0.0'];
const HEAT = ['6.8.0', '6-0:1.0.0'];
/** What a head's lamp looks like as it is switched on, before an identification: as seven bits, and as eight. */
const FLASHES: readonly number[] = [0x7f, 0xff];
/** Whatever the check says: noise that comes in pairs is nothing to an XOR. Some meters write `³` and `°`. */
const PRINTABLE = /^[\s -~\xb0-\xb3]*$/;

/**
 * Readouts of IEC 62056-21 (D0), asked for or sent by themselves, with or without STX, ETX and block check.
 * The check is an XOR of seven bits, and some meters always send a wrong one: with `checksum: warn` such a
 * readout is accepted and remarked as `bcc`, provided that nothing else in it is odd; one that carries no
 * check as `unchecked`, unless others on this line do carry one. Of earlier billing periods nothing is told.
 * A heat meter's energy is its import; the water that runs through it is nobody's consumption.
 */
export function createD0Decoder({ maxCurrent, checksum = 'warn' }: DecoderOptions): Decoder {
  let hasBcc = false;

  const read = (bytes: Uint8Array, block: Block): Decoded | RejectReason => {
    const { bytes: plain, sound } = stripParity(
      bytes.subarray(block.from, block.end),
      characterMask(bytes[0]),
    );
    if (!sound || (block.bcc === false && checksum === 'refuse')) return 'checksum';
    if (block.bcc === undefined && hasBcc) return 'checksum';
    const text = Buffer.from(plain.subarray(0, block.to - block.from)).toString('latin1');
    const result = readout(text, block.bcc === true, maxCurrent);
    if (typeof result === 'string') return block.bcc === false ? 'checksum' : result;
    hasBcc ||= block.bcc !== undefined;
    const remark = block.bcc === undefined ? 'unchecked' : 'bcc';
    return { samples: [result], rejects: [], ...(block.bcc !== true && { remarks: [remark] }) };
  };

  return scan({
    limit: LONGEST,
    starts: (byte) => isSlash(byte) || FLASHES.includes(byte),
    read(bytes, seen): Found {
      const request = isSlash(bytes[0]) ? readRequest(bytes) : 1;
      if (typeof request === 'number')
        return { kind: 'frame', end: request, decoded: { samples: [], rejects: [] } };
      const block = request ?? readBlock(bytes, seen);
      if ('kind' in block) return block;
      const decoded = read(bytes, block);
      return typeof decoded === 'string'
        ? { kind: 'none', end: block.end, reason: decoded }
        : { kind: 'frame', end: block.end, decoded };
    },
  });
}

function readout(text: string, checked: boolean, maxCurrent: number): Sample | RejectReason {
  const [data = ''] = text.split('!');
  if (!PRINTABLE.test(data)) return 'syntax';
  const sets = dataSets(unnumberPresent(data));
  const { numbers, odd } = quantities(sets);
  if (odd || (!checked && sets.odd)) return 'syntax';
  const first = (codes: string[]) =>
    codes.map((code) => sets.values.get(code)?.[0]?.trim()).find(Boolean) ?? '';
  const [device, gas, water] = [first(IDENTITIES), volume(first(GAS)), volume(first(WATER))];
  const sample: Sample = { ...sampleOf(numbers) };
  const heated = heat(first(HEAT));
  if (sample.registers === undefined && heated !== undefined) sample.registers = { import: heated };
  if (device !== '') sample.device = device;
  if (gas !== undefined) sample.gas = gas;
  if (water !== undefined) sample.water = water;
  if (!saysSomething(sample)) return 'syntax';
  return withinRange(sample, maxCurrent) ? sample : 'range';
}
