import type { Decoded, Decoder, DecoderOptions, Registers, RejectReason, Sample } from './decoder.ts';
import { type Fields, factorOf, numberOf, readFields, timeOf } from './raven/fields.ts';
import { FragmentFramer, type FragmentName } from './raven/fragments.ts';

/** s; registers and demand are asked for apart, and the radio may lose the one for good. */
const OLDEST = 3600;
/** V between a conductor and neutral, with room, and conductors; so the highest power a house can have. */
const MAX_VOLTAGE = 300;
const MOST_PHASES = 3;
const LONGEST_TRAIL = 9;
/** A register of 48 bits, and a price, that the meter does not tell. */
const NO_SUMMATION = 2 ** 48 - 1;
const HIGHEST_PRICE = 2 ** 31;

interface Told<T> {
  value: T;
  device: string | undefined;
  /** s since 2000. */
  time: number | undefined;
}

/**
 * RAVEn and EMU-2 of Rainforest, which hear a meter by radio: fragments of XML, without a root and without
 * a checksum. Each `InstantaneousDemand` is a sample, and so is each `CurrentSummation`, for some meters tell
 * no demand. It carries the newest price of its meter, and the newest registers, but none that, by the
 * device's own clock, are older than an hour. All fragments of other kinds are passed over.
 */
export function createRavenDecoder({ maxCurrent, atLineStart }: DecoderOptions): Decoder {
  const framer = new FragmentFramer(atLineStart);
  let registers: Told<Registers> | undefined;
  let price: Told<number | undefined> | undefined;

  const read = (name: FragmentName, fields: Fields): Sample | RejectReason | undefined => {
    const device = deviceOf(fields);
    const time = timeOf(fields);
    if (device === false) return 'syntax';
    let power: number | undefined;
    switch (name) {
      case 'PriceCluster': {
        const told = priceOf(fields);
        if (typeof told === 'string') return told;
        price = { value: told, device, time };
        return undefined;
      }
      case 'InstantaneousDemand':
        power = powerOf(fields);
        if (power === undefined) return 'syntax';
        if (Math.abs(power) > maxCurrent * MAX_VOLTAGE * MOST_PHASES) return 'range';
        break;
      default: {
        const told = registersOf(fields);
        if (typeof told === 'string') return told;
        registers = Object.keys(told).length > 0 ? { value: told, device, time } : undefined;
        if (registers === undefined) return undefined;
      }
    }
    const isFresh = registers?.device === device && (time ?? 0) - (registers?.time ?? time ?? 0) <= OLDEST;
    return {
      phases: [],
      ...(power !== undefined && { power }),
      ...(device !== undefined && { device }),
      ...(registers !== undefined && isFresh && { registers: registers.value }),
      ...(price?.value !== undefined && price.device === device && { price: price.value }),
    };
  };

  return {
    push(chunk) {
      const { fragments, rejects } = framer.push(chunk);
      const decoded: Decoded = { samples: [], rejects };
      for (const { name, content } of fragments) {
        const fields = readFields(content);
        const result = fields === undefined ? 'syntax' : read(name, fields);
        if (typeof result === 'string') decoded.rejects.push(result);
        else if (result !== undefined) decoded.samples.push(result);
      }
      return decoded;
    },
  };
}

/** The meter's own address on the radio; undefined where it is not told, false where it is none. */
function deviceOf(fields: Fields): string | undefined | false {
  const told = fields.get('MeterMacId');
  if (told === undefined || told === '') return undefined;
  return /^0x([0-9a-f]{1,16})$/i.test(told) ? told.slice(2).toLowerCase() : false;
}

/** W; negative while the house feeds out. */
function powerOf(fields: Fields): number | undefined {
  const demand = numberOf(fields.get('Demand'), true);
  const factor = factorOf(fields);
  return demand === undefined || factor === undefined
    ? undefined
    : (1000 * demand * factor.multiplier) / factor.divisor;
}

function registersOf(fields: Fields): Registers | RejectReason {
  const factor = factorOf(fields);
  const delivered = numberOf(fields.get('SummationDelivered'));
  const received = numberOf(fields.get('SummationReceived') || '0x0');
  if (factor === undefined || delivered === undefined || received === undefined) return 'syntax';
  const kWh = (summation: number) => (summation * factor.multiplier) / factor.divisor;
  if (delivered < 0 || received < 0) return 'range';
  return {
    ...(delivered < NO_SUMMATION && { import: kWh(delivered) }),
    ...(received < NO_SUMMATION && fields.has('SummationReceived') && { export: kWh(received) }),
  };
}

/** Currency per kWh; undefined where the meter has none, which it tells as 0, or says no more what it is. */
function priceOf(fields: Fields): number | undefined | RejectReason {
  const price = numberOf(fields.get('Price'));
  const trail = numberOf(fields.get('TrailingDigits'));
  if (price === undefined || trail === undefined || !Number.isInteger(trail)) return 'syntax';
  if (trail < 0 || trail > LONGEST_TRAIL) return 'range';
  return price > 0 && price < HIGHEST_PRICE ? price / 10 ** trail : undefined;
}
