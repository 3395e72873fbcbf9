import { volume } from '../obis/quantities.ts';

/** Meters behind the electricity meter, by the type they have in M-Bus. */
const GAS = 3;
const COLD_WATER = 7;
const CHANNELS = [1, 2, 3, 4];
const TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})([SW]?)$/;

interface Reading {
  medium: 'gas' | 'water';
  /** ms, local winter time; the oldest where the meter tells none. */
  time: number;
  volume: number;
}

/** What the newest gas meter and the newest water meter say; after an exchange the old one stays listed. */
export function mbusVolumes(values: ReadonlyMap<string, string[]>): { gas?: number; water?: number } {
  const readings = CHANNELS.map((channel) => reading(values, channel)).filter((each) => each !== undefined);
  const newest = (medium: Reading['medium']) =>
    readings.filter((each) => each.medium === medium).sort((a, b) => b.time - a.time)[0]?.volume;
  const [gas, water] = [newest('gas'), newest('water')];
  return { ...(gas !== undefined && { gas }), ...(water !== undefined && { water }) };
}

function reading(values: ReadonlyMap<string, string[]>, channel: number): Reading | undefined {
  const get = (code: string) => values.get(`0-${channel}:${code}`);
  const told = newer(get('24.2.1')) ?? newer(get('24.2.3')) ?? older(get('24.3.0'));
  const medium = mediumOf(get('24.1.0')?.[0]);
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

/** Nothing where the time can be none: some meters tell 63-25-25 before they have read the other one. */
function complete(time: string | undefined, told: number | undefined): Omit<Reading, 'medium'> | undefined {
  if (told === undefined) return undefined;
  if (time === undefined) return { time: 0, volume: told };
  const match = TIME.exec(time);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24) return undefined;
  const summer = match[7] === 'S' ? 1 : 0;
  return { time: Date.UTC(2000 + year, month - 1, day, hour - summer, minute, second), volume: told };
}
