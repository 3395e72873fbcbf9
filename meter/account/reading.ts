import { round } from '../../shared/round.ts';
import type { MeterSettings } from '../../shared/settings/schema.ts';
import type { UnnumberedReading } from '../../shared/wire.ts';
import type { Sample } from '../decoders/decoder.ts';
import { allReversed, type Electrical } from './phases.ts';

/** Of kWh: a register tells no more. */
const REGISTER_DIGITS = 6;

/** The fields of a reading that are what the meter tells of this moment, in the house's direction. */
export function measuredFields(
  sample: Sample,
  electrical: Electrical,
  settings: MeterSettings['phases'],
): Partial<UnnumberedReading> {
  const fields: Record<string, number> = {};
  const add = (name: string, value: number | undefined, digits: number) => {
    if (value !== undefined) fields[name] = round(value, digits);
  };
  for (const [index, { current, voltage, power }] of electrical.phases.entries()) {
    add(`current_${index + 1}`, current, 3);
    add(`voltage_${index + 1}`, voltage, 2);
    add(`power_${index + 1}`, power, 2);
  }
  add('apparent_power', electrical.apparent, 2);
  add('reactive_power', sample.reactivePower, 2);
  add('power_factor', sample.powerFactor, 3);
  add('frequency', sample.frequency, 3);
  for (const direction of ['import', 'export'] as const) {
    const other = direction === 'import' ? 'export' : 'import';
    const told = allReversed(settings) ? other : direction;
    add(`register_${direction}`, sample.registers?.[told], REGISTER_DIGITS);
    for (const [rate, value] of Object.entries(sample.registers?.[`${told}Rates`] ?? {}))
      add(`register_${direction}_${rate}`, value, REGISTER_DIGITS);
  }
  return fields;
}

/** Whether there is nothing in it that makes a reading: a price alone is none. */
export function isEmpty({ phases, counter, registers, power, gas, water }: Sample): boolean {
  if ([counter, registers, power, gas, water].some((told) => told !== undefined)) return false;
  return phases.every((phase) => Object.keys(phase).length === 0);
}
