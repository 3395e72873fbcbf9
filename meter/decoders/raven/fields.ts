/** A fragment's values by their tags. */
export type Fields = Map<string, string>;

const FIELD = /\s*<([A-Za-z0-9]+)(?:\/>|>([^<>]*)<\/\1>)\s*/y;
const HEXADECIMAL = /^0x([0-9a-f]{1,16})$/i;
const DECIMAL = /^-?\d{1,15}(\.\d{1,9})?$/;
/** How many bits as many digits stand for: the meter's 24, the device's 32, or 64. */
const WIDTHS: [digits: number, bits: number][] = [
  [6, 24],
  [8, 32],
  [16, 64],
];
/** Zigbee’s codes of kWh, and of kWh in decimal digits; a meter for gas has another. */
const KILOWATT_HOURS = [0x00, 0x80];
/** No time is known. */
const NO_TIMES = [0, 0xffffffff];

/** @returns undefined where it is not a flat list of tags, each but once. */
export function readFields(content: string): Fields | undefined {
  const fields: Fields = new Map();
  FIELD.lastIndex = 0;
  for (let end = 0; end < content.length; end = FIELD.lastIndex) {
    const match = FIELD.exec(content);
    if (match === null) return content.trim() === '' ? fields : undefined;
    const [, tag = '', text = ''] = match;
    if (fields.has(tag)) return undefined;
    fields.set(tag, text.trim());
  }
  return fields;
}

/** `0x…`, or decimal; undefined where it is neither. @param signed takes the top bit of hexadecimal for a sign. */
export function numberOf(text: string | undefined, signed = false): number | undefined {
  if (text === undefined) return undefined;
  const digits = HEXADECIMAL.exec(text)?.[1];
  if (digits === undefined) return DECIMAL.test(text) ? Number(text) : undefined;
  const bits = WIDTHS.find(([most]) => digits.length <= most)?.[1] ?? 0;
  const number = BigInt(text);
  return Number(signed ? BigInt.asIntN(bits, number) : number);
}

/** Seconds since 2000 UTC; undefined where the device does not know. */
export function timeOf(fields: Fields): number | undefined {
  const time = numberOf(fields.get('TimeStamp'));
  return time === undefined || NO_TIMES.includes(time) ? undefined : time;
}

/** What makes kW or kWh of a number: `Multiplier` through `Divisor`, of which 0 means 1; undefined where nothing does. */
export function factorOf(fields: Fields): { multiplier: number; divisor: number } | undefined {
  const unit = numberOf(fields.get('UnitOfMeasure') ?? '0x00');
  if (unit === undefined || !KILOWATT_HOURS.includes(unit)) return undefined;
  const [multiplier, divisor] = [numberOf(fields.get('Multiplier')), numberOf(fields.get('Divisor'))];
  if (multiplier === undefined || divisor === undefined || multiplier < 0 || divisor < 0) return undefined;
  return { multiplier: multiplier || 1, divisor: divisor || 1 };
}
