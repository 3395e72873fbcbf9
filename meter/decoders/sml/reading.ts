import type { Sample } from '../decoder.ts';
import { DIMENSIONS, type Dimension } from '../obis/quantities.ts';
import { sampleOf } from '../obis/sample.ts';
import { isInteger, type ValueList } from './lists.ts';
import { deviceName, meantBy } from './makers.ts';
import { flowsOut, isFnn } from './status.ts';
import type { Value } from './tlv.ts';

/** W, VA, var, Wh, A, V, Hz, none and m³, by their numbers in DLMS. */
const UNITS: Record<Dimension, number> = {
  power: 0x1b,
  apparent: 0x1c,
  reactive: 0x1d,
  energy: 0x1e,
  current: 0x21,
  voltage: 0x23,
  hertz: 0x2c,
  factor: 0xff,
};
const M3 = 0x0d;
/** Of an entry. */
const [NAME, STATUS, UNIT, SCALER, VALUE] = [0, 1, 3, 4, 5];
/** What an OBIS code is about, how it is measured, and of when. */
const [ELECTRICITY, GAS, WATER] = [1, 7, 8];
const [NOW, TOTAL] = [7, 8];
const CURRENT = 255;
const WH_TO_KWH = -3;

/** Power over all phases. */
const [SIGNED, ABSOLUTE] = [`16.${NOW}.0`, `15.${NOW}.0`];
/** In all, and of each phase. */
const OFFSETS = [0, 20, 40, 60];

/**
 * What a list of values says. What is of no known kind, or in another unit than its kind has, is left out.
 * A meter whose owner has not entered the PIN tells no power, and energy in whole kWh.
 */
export function readList({ server, entries }: ValueList): Sample {
  const numbers = new Map<string, number>();
  let gas: number | undefined;
  let water: number | undefined;
  let status: number | undefined;
  for (const entry of entries) {
    if (!Array.isArray(entry)) continue;
    const [name, value] = [entry[NAME], entry[VALUE]];
    if (!(name instanceof Uint8Array) || name.length !== 6 || !isInteger(value)) continue;
    const [about, , quantity = 0, kind = 0, rate = 0, past] = name;
    if (past !== CURRENT) continue;
    const tell = (unit: number, integer: number, shift = 0) =>
      [unit, undefined].includes(numberOf(entry[UNIT]))
        ? decimal(integer, (numberOf(entry[SCALER]) ?? 0) + shift)
        : undefined;
    const dimension = DIMENSIONS.get(`${quantity}.${kind}.0`);
    if (about === ELECTRICITY && dimension === 'energy' && value.value >= 0) {
      set(numbers, `${quantity}.${kind}.${rate}`, tell(UNITS.energy, value.value, WH_TO_KWH));
      status ??= numberOf(entry[STATUS]);
    } else if (about === ELECTRICITY && dimension !== undefined && kind === NOW) {
      // EasyMeter writes 255 for no rate.
      const code = `${quantity}.${kind}.${rate === CURRENT ? 0 : rate}`;
      set(numbers, code, tell(UNITS[dimension], meantBy(server, quantity, value)));
    } else if (about === GAS && quantity === 3) gas ??= tell(M3, value.value);
    else if (about === WATER && quantity === 1) water ??= tell(M3, value.value);
  }
  withoutRate(numbers);
  if (status !== undefined) giveSign(numbers, status);
  preferSigned(numbers);
  const device = deviceName(server);
  return {
    ...sampleOf(numbers),
    ...(gas !== undefined && { gas }),
    ...(water !== undefined && { water }),
    ...(device !== undefined && { device }),
  };
}

function numberOf(value: Value): number | undefined {
  return isInteger(value) ? value.value : undefined;
}

function set(numbers: Map<string, number>, code: string, value: number | undefined): void {
  if (value !== undefined) numbers.set(code, value);
}

/** A number times a power of ten, without the noise of binary fractions. */
function decimal(integer: number, power: number): number | undefined {
  const value = power < 0 ? integer / 10 ** -power : integer * 10 ** power;
  return Number.isFinite(value) ? value : undefined;
}

/** A Hager of one rate tells its power as that rate's. */
function withoutRate(numbers: Map<string, number>): void {
  for (const quantity of [1, 2, 15, 16]) {
    const code = `${quantity}.${NOW}`;
    set(numbers, `${code}.0`, numbers.get(`${code}.0`) ?? numbers.get(`${code}.1`));
  }
}

/**
 * Some meters tell power without its sign, which their status then has: as the absolute sum (EMH), or, where
 * they count one way only, in the place of the signed one (Holley).
 */
function giveSign(numbers: Map<string, number>, status: number): void {
  const counts = (quantity: number) =>
    [...numbers.keys()].some((code) => code.startsWith(`${quantity}.${TOTAL}.`));
  const isSigned = [1, 2, 16].some((quantity) => numbers.has(`${quantity}.${NOW}.0`));
  const power = numbers.get(isSigned ? SIGNED : ABSOLUTE);
  const isTrusted = isSigned && (counts(2) || !isFnn(status));
  const out = flowsOut(status);
  if (power === undefined || out === undefined || isTrusted) return;
  if (out) numbers.set(SIGNED, 0 - Math.abs(power));
  // What counts outwards alone may never say that it does.
  else if (counts(1) || power === 0) numbers.set(SIGNED, power);
}

/** Where the signed sum is told, what goes in alone, as some meters add, says less. */
function preferSigned(numbers: Map<string, number>): void {
  for (const offset of OFFSETS)
    if (numbers.has(`${16 + offset}.${NOW}.0`))
      for (const quantity of [1, 2]) numbers.delete(`${quantity + offset}.${NOW}.0`);
}
