import type { Flow } from '../tariff/pricing.ts';

export const JOULES_PER_KWH = 3_600_000;
export const NO_FLOW: Flow = { import: 0, export: 0 };

/** Signed energy, as what went one way or the other. */
export function flowOf(kWh: number): Flow {
  return kWh < 0 ? { import: 0, export: -kWh } : { import: kWh, export: 0 };
}

export function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
