import { agentTopics } from '../../shared/wire.ts';
import type { Meter } from '../meters.ts';
import { basisOf, type Entity, json, kept } from './device.ts';

const REGISTER = /^register_(import|export)(?:_(\d+))?$/;
const rising = { state_class: 'total_increasing' };
const energy = { device_class: 'energy', unit_of_measurement: 'kWh' };
const volume = { unit_of_measurement: 'm³', ...rising };

/**
 * From the agent’s journal: known while the reader is away, and never an older number than before.
 *
 * @param carried the fields of the newest reading.
 */
export function totalEntities(
  { name, profile: { currency, fields } }: Meter,
  carried: ReadonlySet<string>,
): Record<string, Entity> {
  const total = (label: string, value: string, options: object): Entity => ({
    platform: 'sensor',
    name: label,
    ...options,
    suggested_display_precision: 2,
    state_topic: agentTopics.meter(name),
    value_template: json(value),
    ...kept,
  });
  const standing = (field: string, label: string, options: object) =>
    total(label, `value_json.reading.${field} | default(none) if value_json.reading else none`, options);
  const money = { device_class: 'monetary', state_class: 'total', unit_of_measurement: currency };
  const today = {
    state_class: 'total',
    last_reset_value_template:
      "{{ (value_json.today.start / 1000) | timestamp_utc if value_json is defined else '' }}",
  };
  const has = (field: string) => fields.includes(field) || carried.has(field);
  return {
    energy: { ...standing('energy', 'Energy', { ...energy, ...rising }), ...basisOf(name) },
    cost: standing('cost', 'Cost', money),
    energy_today: total('Energy today', 'value_json.today.energy', { ...energy, ...today }),
    cost_today: total('Cost today', 'value_json.today.cost', { ...money, ...today }),
    ...(has('export_energy') && {
      energy_export: {
        ...standing('export_energy', 'Energy export', { ...energy, ...rising }),
        ...basisOf(name),
      },
      credit: standing('credit', 'Credit', money),
      energy_export_today: total('Energy export today', 'value_json.today.export_energy', {
        ...energy,
        ...today,
      }),
      credit_today: total('Credit today', 'value_json.today.credit', { ...money, ...today }),
    }),
    ...(has('fixed_cost') && { fixed_cost: standing('fixed_cost', 'Fixed cost', money) }),
    ...(has('gas') && { gas: standing('gas', 'Gas', { device_class: 'gas', ...volume }) }),
    ...(has('water') && { water: standing('water', 'Water', { device_class: 'water', ...volume }) }),
    ...Object.fromEntries(
      fields.flatMap((field) => {
        const [, direction, rate] = REGISTER.exec(field) ?? [];
        if (direction === undefined) return [];
        const label = `Register ${direction}${rate === undefined ? '' : ` rate ${rate}`}`;
        return [[field, standing(field, label, { ...energy, ...rising, entity_category: 'diagnostic' })]];
      }),
    ),
  };
}
