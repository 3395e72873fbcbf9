import { meterTopics, QUALITIES } from '../../shared/wire.ts';
import type { Meter } from '../meters.ts';
import { basisOf, type Entity, json, kept } from './device.ts';

/** Of what not every meter tells: its field, what it is called, and its options. */
const KINDS: readonly [field: RegExp, name: string, options: object][] = [
  [/^current_(\d+)$/, 'Current phase', measured('current', 'A', 2)],
  [/^voltage_(\d+)$/, 'Voltage phase', measured('voltage', 'V', 1)],
  [/^power_(\d+)$/, 'Power phase', measured('power', 'W', 0)],
  [/^frequency$/, 'Frequency', measured('frequency', 'Hz', 2)],
  [/^power_factor$/, 'Power factor', measured('power_factor', undefined, 2)],
  [/^reactive_power$/, 'Reactive power', measured('reactive_power', 'var', 0)],
];

/**
 * From the readings: gone with the reader, with the agent, or when no reading comes.
 *
 * @param carried the fields of the newest reading. @param expireAfter whole seconds.
 */
export function liveEntities(
  { name, profile }: Meter,
  carried: ReadonlySet<string>,
  expireAfter: number,
): Record<string, Entity> {
  const { fields, currency, periods, power_basis } = profile;
  const topics = meterTopics(name);
  const live = (value: string, label: string, options: object): Entity => ({
    platform: 'sensor',
    name: label,
    ...options,
    state_topic: topics.reading,
    value_template: json(`value_json.${value}`),
    availability: [{ topic: topics.availability }, ...kept.availability],
    availability_mode: 'all',
    expire_after: expireAfter,
  });
  const price = {
    state_class: 'measurement',
    unit_of_measurement: `${currency}/kWh`,
    suggested_display_precision: 4,
    icon: 'mdi:cash',
  };
  const hasApparent = power_basis !== 'measured' || carried.has('apparent_power');
  return {
    power: { ...live('power', 'Power', measured('power', 'W', 0)), ...basisOf(name) },
    ...(hasApparent && {
      apparent_power: live('apparent_power', 'Apparent power', measured('apparent_power', 'VA', 0)),
    }),
    ...Object.fromEntries(
      fields.flatMap((field) => {
        const kind = KINDS.find(([pattern]) => pattern.test(field));
        if (kind === undefined) return [];
        const [pattern, label, options] = kind;
        const [, number] = pattern.exec(field) ?? [];
        // Not every reading has it: a meter may tell it from time to time.
        const entity = live(`${field} | default(none)`, number ? `${label} ${number}` : label, options);
        return [[field, entity]];
      }),
    ),
    price: live('price', 'Price', price),
    ...(carried.has('export_price') && {
      price_export: live('export_price | default(none)', 'Price export', price),
    }),
    tariff: live('tariff', 'Tariff period', {
      ...choice([...new Set(periods.map((period) => period.name))]),
      icon: 'mdi:clock-outline',
    }),
    quality: live('quality', 'Quality', { ...choice(QUALITIES), entity_category: 'diagnostic' }),
  };
}

function measured(
  device_class: string,
  unit_of_measurement: string | undefined,
  suggested_display_precision: number,
) {
  return {
    device_class,
    state_class: 'measurement',
    ...(unit_of_measurement === undefined ? {} : { unit_of_measurement }),
    suggested_display_precision,
  };
}

/** One of a few words; without any, any word. */
function choice(options: readonly string[]) {
  return options.length === 0 ? {} : { device_class: 'enum', options };
}
