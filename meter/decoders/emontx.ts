import type { Decoder, DecoderOptions, Phase, RejectReason, Sample } from './decoder.ts';
import { lineDecoder } from './lines.ts';

/** Twelve channels with all that can be told of each, six temperatures, three pulse counts. */
const LONGEST_LINE = 1024;
const MOST_CHANNELS = 12;
/** V; of a wrong line rather than of any mains. */
const MAX_VOLTAGE = 500;

/** A line with any of these means to be a reading; all others are what the device says when it starts. */
const READING = /(?:^|[{,])\s*"?(?:msg|vrms|v\d|p\d+|e\d+|ct\d+|pulses?\d?)"?\s*:\s*["-\d]/i;
/** Values whose names only the receiver knows: of an emonTx 2, or what a radio heard, byte by byte (`OK 10 …`). */
const NAMELESS = /^(?:OK )?-?\d+(?:\.\d+)?(?: -?\d+(?:\.\d+)?){2,}(?: \(-?\d+\))?$/;
/** A name, its number, and a value; `nan` and the like is what an Arduino prints where it has none. */
const FIELD = /^("?)([a-z]+)(\d*)\1\s*:\s*("?)(-?\d+(?:\.\d+)?|nan|-?inf|ovf|null)\4$/i;
const PRINTABLE = /^[\x20-\x7e\t]*$/;

/** Names with a channel’s number, names without a number, and what has nothing to do with electricity. */
const OF_CHANNEL = ['p', 'ct', 'e', 'i', 'pf', 'va'];
const ALONE = ['msg', 'v', 'vrms', 'f', 'freq'];
const OTHERS = ['t', 'temp', 'pulse', 'pulses', 'analog', 'digital'];
const COUNTS = ['msg', 'pulse', 'pulses'];
/** Wh from here on are negative ones, which firmware for the emonTx 3 prints without their sign. */
const UNSIGNED = { from: 2 ** 31, span: 2 ** 32 };

/** What a line says by name and number, such as `p1`. */
type Fields = Map<string, { value: number | undefined; isWhole: boolean }>;

/**
 * emonTx and emonPi, one line a reading: `MSG:71923,Vrms:246.78,P1:157,E1:16346,pulse:15`, the older
 * `ct1:0,ct2:0,vrms:524,pulse:0` (where a whole `vrms` is in 0.01 V), or the same names in JSON, in any case.
 * `P` and `ct` are W, signed; `E` is Wh since it was reset, signed; `I` is A. With three voltages, the
 * channels take turns, as the firmware for three phases has them. Apparent power, counts of pulses and
 * temperatures are left out.
 *
 * Nothing checks a line. So it is refused where a name is not known, missing or comes twice, a number is
 * none, power and energy are not of the same channels, or a value cannot be. Changed digits pass.
 */
export function createEmontxDecoder({ maxCurrent, atLineStart }: DecoderOptions): Decoder {
  return lineDecoder({ limit: LONGEST_LINE, atLineStart }, (line) => readLine(line, maxCurrent));
}

/** @returns undefined for a line that is no reading, or one without a channel. */
function readLine(line: string, maxCurrent: number): Sample | RejectReason | undefined {
  if (!PRINTABLE.test(line) || NAMELESS.test(line.trim())) return 'syntax';
  if (!READING.test(line)) return undefined;
  const fields = readFields(line);
  if (fields === undefined || !isConsistent(fields)) return 'syntax';
  const phases = Array.from({ length: channels(fields) }, (_, index) => phaseOf(fields, index + 1));
  if (phases.length === 0) return undefined;
  const isPossible = phases.every(
    ({ current = 0, voltage = 0, power = 0 }) =>
      Math.abs(current) <= maxCurrent &&
      voltage >= 0 &&
      voltage <= MAX_VOLTAGE &&
      Math.abs(power) <= maxCurrent * MAX_VOLTAGE,
  );
  if (!isPossible) return 'range';
  const frequency = told(fields, 'f') ?? told(fields, 'freq');
  const powerFactor = phases.length === 1 ? told(fields, 'pf1') : undefined;
  return {
    phases,
    ...(frequency !== undefined && { frequency }),
    ...(powerFactor !== undefined && Math.abs(powerFactor) <= 1 && { powerFactor }),
  };
}

/** @returns undefined where it is not of this format. */
function readFields(line: string): Fields | undefined {
  const text = line.trim();
  if (text.startsWith('{') !== text.endsWith('}')) return undefined;
  const fields: Fields = new Map();
  for (const field of text.replace(/^\{|\}$/g, '').split(',')) {
    const match = FIELD.exec(field.trim());
    if (match === null) return undefined;
    const [name = '', number = '', told = ''] = [match[2]?.toLowerCase(), match[3], match[5]];
    const key = `${name}${number}`;
    if (!isKnown(name, number)) return undefined;
    // Some firmware prints the currents twice, the second time for calibration.
    if (fields.has(key) && name !== 'i') return undefined;
    if (COUNTS.includes(name) && !/^\d+$/.test(told)) return undefined;
    // Not a negative zero.
    const value = Number(told) + 0;
    fields.set(key, {
      value: told === 'null' || !Number.isFinite(value) ? undefined : value,
      isWhole: !told.includes('.'),
    });
  }
  return fields;
}

function isKnown(name: string, number: string): boolean {
  if (OTHERS.includes(name)) return true;
  if (ALONE.includes(name) && number === '') return true;
  const channel = /^[1-9]\d?$/.test(number) ? Number(number) : 0;
  if (name === 'v') return channel >= 1 && channel <= 3;
  return OF_CHANNEL.includes(name) && channel >= 1 && channel <= MOST_CHANNELS;
}

/** Where any energy is told, it is of the channels that power is told of. */
function isConsistent(fields: Fields): boolean {
  const numbers = (names: RegExp) => [...fields.keys()].filter((key) => names.test(key)).map(numberOf);
  const energies = numbers(/^e/);
  const powers = numbers(/^(p|ct)\d/);
  return (
    energies.length === 0 ||
    (energies.length === powers.length && new Set([...energies, ...powers]).size === energies.length)
  );
}

function channels(fields: Fields): number {
  const names = [...fields.keys()].filter((key) => /^(p|ct|e|i)\d/.test(key));
  return Math.max(0, ...names.map(numberOf));
}

function numberOf(key: string): number {
  return Number(key.replace(/^\D+/, ''));
}

function phaseOf(fields: Fields, channel: number): Phase {
  const [current, energy] = [told(fields, `i${channel}`), told(fields, `e${channel}`)];
  const power = told(fields, `p${channel}`) ?? told(fields, `ct${channel}`);
  const isTold = [current, power, energy].some((value) => value !== undefined);
  const voltage = isTold ? voltageOf(fields, channel) : undefined;
  return {
    ...(current !== undefined && { current }),
    ...(voltage !== undefined && { voltage }),
    ...(power !== undefined && { power }),
    ...(energy !== undefined && { energy: signed(energy) / 1000 }),
  };
}

function voltageOf(fields: Fields, channel: number): number | undefined {
  const vrms = fields.get('vrms') ?? fields.get('v');
  const isList = [...fields.keys()].some((key) => key.startsWith('ct'));
  if (vrms?.value !== undefined) return isList && vrms.isWhole ? vrms.value / 100 : vrms.value;
  return told(fields, `v${((channel - 1) % 3) + 1}`) ?? told(fields, 'v1');
}

function signed(wattHours: number): number {
  return wattHours < UNSIGNED.from ? wattHours : wattHours - UNSIGNED.span;
}

function told(fields: Fields, key: string): number | undefined {
  return fields.get(key)?.value;
}
