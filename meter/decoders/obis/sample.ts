import { round } from '../../../shared/round.ts';
import type { Phase, Registers, Sample } from '../decoder.ts';
import { RATES } from './quantities.ts';

/** What values by code, in base units, say of the electricity. */
export function sampleOf(numbers: ReadonlyMap<string, number>): Sample {
  const get = (code: string) => numbers.get(code);
  const quadrants = (...of: number[]) => sum(of.map((quantity) => get(`${quantity}.7.0`)));
  const exports = [...numbers.keys()].some((code) => code.startsWith('2.'));
  const power =
    difference(get('1.7.0'), get('2.7.0')) ?? get('16.7.0') ?? (exports ? undefined : get('15.7.0'));
  const registers = registersOf(numbers, exports);
  return {
    phases: phasesOf(get),
    ...(power !== undefined && { power }),
    ...defined('apparentPower', sum([get('9.7.0'), get('10.7.0')])),
    ...defined('reactivePower', difference(get('3.7.0') ?? quadrants(5, 6), get('4.7.0') ?? quadrants(7, 8))),
    ...defined('powerFactor', get('13.7.0')),
    ...defined('frequency', get('14.7.0')),
    ...(Object.keys(registers).length > 0 && { registers }),
  };
}

function phasesOf(get: (code: string) => number | undefined): Phase[] {
  const phases = [20, 40, 60].map(
    (phase): Phase => ({
      ...defined('current', get(`${phase + 11}.7.0`)),
      ...defined('voltage', get(`${phase + 12}.7.0`)),
      ...defined(
        'power',
        difference(get(`${phase + 1}.7.0`), get(`${phase + 2}.7.0`)) ?? get(`${phase + 16}.7.0`),
      ),
    }),
  );
  return phases.slice(0, phases.findLastIndex((phase) => Object.keys(phase).length > 0) + 1);
}

function registersOf(numbers: ReadonlyMap<string, number>, exports: boolean): Registers {
  const importRates = ratesOf(numbers, 1);
  const exportRates = ratesOf(numbers, 2);
  // A meter that counts one way only may tell the absolute sum instead.
  const total = numbers.get('1.8.0') ?? sum(Object.values(importRates));
  const absolute = exports ? undefined : numbers.get('15.8.0');
  return {
    ...defined('import', total ?? absolute),
    ...defined('export', numbers.get('2.8.0') ?? sum(Object.values(exportRates))),
    ...(Object.keys(importRates).length > 0 && { importRates }),
    ...(Object.keys(exportRates).length > 0 && { exportRates }),
  };
}

function ratesOf(numbers: ReadonlyMap<string, number>, quantity: number): Record<number, number> {
  const rates: Record<number, number> = {};
  for (const rate of RATES) {
    const energy = numbers.get(`${quantity}.8.${rate}`);
    if (energy !== undefined) rates[rate] = energy;
  }
  return rates;
}

/** Undefined where there is nothing to add. */
function sum(values: (number | undefined)[]): number | undefined {
  const told = values.filter((value) => value !== undefined);
  return told.length === 0 ? undefined : round(told.reduce((total, value) => total + value, 0));
}

/** What goes in less what goes out; undefined where neither is told. */
function difference(into: number | undefined, out: number | undefined): number | undefined {
  return into === undefined && out === undefined ? undefined : round((into ?? 0) - (out ?? 0));
}

/** An object with that one field, or an empty one. */
function defined<Key extends string>(key: Key, value: number | undefined): { [key in Key]?: number } {
  return value === undefined ? {} : ({ [key]: value } as { [key in Key]: number });
}

/** Whether it says anything at all. */
export function saysSomething({ phases, power, registers, gas, water }: Sample): boolean {
  return phases.length > 0 || [power, registers, gas, water].some((value) => value !== undefined);
}

export const withinRange = ({ phases }: Sample, maxCurrent: number) =>
  phases.every(({ current = 0 }) => Math.abs(current) <= maxCurrent);
