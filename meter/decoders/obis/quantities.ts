import { round } from '../../../shared/round.ts';
import type { DataSets } from './data-sets.ts';

export type Dimension =
  | 'energy'
  | 'power'
  | 'reactive'
  | 'apparent'
  | 'voltage'
  | 'current'
  | 'hertz'
  | 'factor';

/** kWh, W, var, VA, V, A, Hz and m³ are 1. */
const UNITS: Record<string, [of: Dimension | 'volume', factor: number]> = {
  wh: ['energy', 0.001],
  kwh: ['energy', 1],
  mwh: ['energy', 1000],
  w: ['power', 1],
  kw: ['power', 1000],
  mw: ['power', 1e6],
  var: ['reactive', 1],
  kvar: ['reactive', 1000],
  va: ['apparent', 1],
  kva: ['apparent', 1000],
  v: ['voltage', 1],
  kv: ['voltage', 1000],
  a: ['current', 1],
  ma: ['current', 0.001],
  hz: ['hertz', 1],
  mj: ['energy', 1 / 3.6],
  gj: ['energy', 1000 / 3.6],
  m3: ['volume', 1],
  'm\xb3': ['volume', 1],
  'm^3': ['volume', 1],
  dm3: ['volume', 0.001],
  l: ['volume', 0.001],
};
/** Where a meter leaves the unit out, it is the one on its display. */
const BARE: Record<Dimension, number> = {
  energy: 1,
  power: 1000,
  reactive: 1000,
  apparent: 1000,
  voltage: 1,
  current: 1,
  hertz: 1,
  factor: 1,
};

/** Tariff registers that may follow a total. */
export const RATES = Array.from({ length: 16 }, (_, index) => index + 1);
/** What is measured, by code. */
export const DIMENSIONS: ReadonlyMap<string, Dimension> = new Map<string, Dimension>([
  ...[1, 2, 15].flatMap((quantity) =>
    [0, ...RATES].map((rate): [string, Dimension] => [`${quantity}.8.${rate}`, 'energy']),
  ),
  ...[1, 2, 15, 16].map((quantity): [string, Dimension] => [`${quantity}.7.0`, 'power']),
  ...[3, 4, 5, 6, 7, 8].map((quantity): [string, Dimension] => [`${quantity}.7.0`, 'reactive']),
  ['9.7.0', 'apparent'],
  ['10.7.0', 'apparent'],
  ['13.7.0', 'factor'],
  ['14.7.0', 'hertz'],
  ...[20, 40, 60].flatMap((phase): [string, Dimension][] => [
    [`${phase + 1}.7.0`, 'power'],
    [`${phase + 2}.7.0`, 'power'],
    [`${phase + 11}.7.0`, 'current'],
    [`${phase + 12}.7.0`, 'voltage'],
    [`${phase + 16}.7.0`, 'power'],
  ]),
]);

const QUANTITY = /^\s*([+-]?\d{1,12}(?:\.\d{1,9})?)\s*(?:\*([^*\s]{1,5})?)?\s*$/;

/** Meters leave a value out so, which they have not. */
const NOTHING = /^[-\s]*$/;

/** The values of all known codes, in their base units; odd where one of them is no such value. */
export function quantities({ values }: DataSets): { numbers: Map<string, number>; odd: boolean } {
  const numbers = new Map<string, number>();
  let odd = false;
  for (const [code, told] of values) {
    const dimension = DIMENSIONS.get(code);
    if (dimension === undefined) continue;
    const [text = ''] = told;
    if (NOTHING.test(text)) continue;
    const number = quantity(text, dimension);
    if (number === undefined || (dimension === 'energy' && number < 0)) odd = true;
    // Some meters tell a power factor of 4.6, which says nothing.
    else if (dimension !== 'factor' || Math.abs(number) <= 1) numbers.set(code, number);
  }
  return { numbers, odd };
}

function quantity(text: string, dimension: Dimension): number | undefined {
  const [, digits, unit] = QUANTITY.exec(text) ?? [];
  if (digits === undefined) return undefined;
  if (unit === undefined) return round(Number(digits) * BARE[dimension]);
  const [of, factor = 0] = UNITS[unit.toLowerCase()] ?? [];
  return of === dimension ? round(Number(digits) * factor) : undefined;
}

/** kWh of heat, which always has a unit: without one, the same code is a reactive energy. */
export function heat(text: string): number | undefined {
  return text.includes('*') ? quantity(text, 'energy') : undefined;
}

/** m³; undefined where it is none, as where nothing was read from that meter yet. */
export function volume(text: string, unit?: string): number | undefined {
  const [, digits, own] = QUANTITY.exec(text) ?? [];
  const [of, factor = 0] = UNITS[(own ?? unit ?? '').toLowerCase()] ?? [];
  return of === 'volume' && Number(digits) >= 0 ? round(Number(digits) * factor) : undefined;
}
