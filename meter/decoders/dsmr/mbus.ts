import { volume } from '../obis/quantities.ts';

/** Meters behind the electricity meter, by the type they have in M-Bus. */
const GAS = 3;
const COLD_WATER = 7;
const CHANNELS = [1, 2, 3, 4];
/** Flow and temperature, which only a heat meter tells. */
const OF_HEAT = ['24.2.2', '24.2.4'];
/** Where version 2.1 tells the gas, as it was read and with its temperature corrected. */
const OLDEST = ['7-0:23.1.0', '7-0:23.2.0'];
/** ms; two that were read within it are both still there, as each is read at times of its own. */
const TURN = 3_600_000;
/** Of 1970. */
const UNREAD = 70;
const TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})([SW]?)$/;

interface Reading {
  medium: 'gas' | 'water';
  /** ms, local winter time; the oldest where the meter tells none. */
  time: number;
  volume: number;
}

/**
 * What the gas meter and the water meter say: the newest, for after an exchange the old one stays listed. Of
 * several that are read by turns it is the one that counted most, lest a spare one be told now and then.
 */
export function mbusVolumes(values: ReadonlyMap<string, string[]>): { gas?: number; water?: number } {
  const readings = CHANNELS.map((channel) => reading(values, channel)).filter((each) => each !== undefined);
  const oldest = OLDEST.flatMap((code) => values.get(code) ?? []).map((text) => volume(text));
  const gas = standing(readings, 'gas') ?? oldest.find((each) => each !== undefined);
  const water = standing(readings, 'water');
  return { ...(gas !== undefined && { gas }), ...(water !== undefined && { water }) };
}

function standing(readings: Reading[], of: Reading['medium']): number | undefined {
  const own = readings.filter(({ medium }) => medium === of);
  const newest = Math.max(...own.map(({ time }) => time));
  const volumes = own.filter(({ time }) => newest - time < TURN).map((each) => each.volume);
  return volumes.length === 0 ? undefined : Math.max(...volumes);
}

function reading(values: ReadonlyMap<string, string[]>, channel: number): Reading | undefined {
  const get = (code: string) => values.get(`0-${channel}:${code}`);
  const told = newer(get('24.2.1')) ?? newer(get('24.2.3')) ?? older(get('24.3.0'));
  const isHeat = OF_HEAT.some((code) => get(code) !== undefined);
  const medium = isHeat ? undefined : mediumOf(get('24.1.0')?.[0]);
  return told && medium && { medium, ...told };
}

/** Where no type is told, it is gas: no other meter stood behind the first of these. */
function mediumOf(type: string | undefined): Reading['medium'] | undefined {
  if (type === undefined || Number(type) === GAS) return 'gas';
  return Number(type) === COLD_WATER ? 'water' : undefined;
}

/** Since v4: `(101209112500W)(12785.123*m3)`; 24.2.3 is Belgium's gas, not corrected by its temperature. */
function newer(told: string[] | undefined): Omit<Reading, 'medium'> | undefined {
  if (told === undefined) return undefined;
  const [time, text] = told.length === 1 ? [undefined, told[0]] : told;
  return complete(time, volume(text ?? ''));
}

/** Before: `(090212160000)(00)(60)(1)(0-1:24.2.1)(m3)`, and on the next line `(00000.000)`. */
function older(told: string[] | undefined): Omit<Reading, 'medium'> | undefined {
  const [time, , , count, , unit, text] = told ?? [];
  return Number(count) === 1 ? complete(time, volume(text ?? '', unit)) : undefined;
}

/** Nothing where the time can be none: before they have read the other one, meters tell 63-25-25 or 70-01-01. */
function complete(time: string | undefined, told: number | undefined): Omit<Reading, 'medium'> | undefined {
  if (told === undefined) return undefined;
  if (time === undefined) return { time: 0, volume: told };
  const match = TIME.exec(time);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  if (year >= UNREAD || month < 1 || month > 12 || day < 1 || day > 31 || hour > 24) return undefined;
  const summer = match[7] === 'S' ? 1 : 0;
  return { time: Date.UTC(2000 + year, month - 1, day, hour - summer, minute, second), volume: told };
}
