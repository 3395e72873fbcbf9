/** A meter as a device of Home Assistant; pure. */
import { agentTopics, meterTopics, QUALITIES } from '../../shared/wire.ts';
import type { WatchStatus } from '../doors/operations.ts';
import type { IncidentEvent } from '../guard/incidents.ts';
import type { Meter } from '../meters.ts';
import { AGENT_ID, type Device, type Entity, json } from './device.ts';

const EVENT_TYPES: Record<IncidentEvent, true> = {
  stalled: true,
  reopened: true,
  restarted: true,
  'usb-reset': true,
  respected: true,
  failed: true,
  help: true,
  recovered: true,
  withdrawn: true,
};

/** What depends on the agent alone: it is there while the meter is not. */
const kept = { availability: [{ topic: agentTopics.state }] };

/**
 * @param watch the one for its readings, if there is one.
 * @param expireAfter whole seconds after which a live value is none any more.
 */
export function meterDevice(
  { name, profile }: Meter,
  watch: WatchStatus | undefined,
  expireAfter: number,
): Device {
  return {
    id: `${AGENT_ID}-${name}`,
    name: titleOf(name),
    model: profile.simulated ? 'simulated panel' : profile.decoder,
    version: profile.version,
    via: AGENT_ID,
    entities: {
      ...liveEntities(name, profile, expireAfter),
      ...totals(name, profile.currency),
      connectivity: {
        platform: 'binary_sensor',
        name: 'Connectivity',
        device_class: 'connectivity',
        entity_category: 'diagnostic',
        state_topic: meterTopics(name).availability,
        payload_on: 'online',
        payload_off: 'offline',
      },
      ...(watch === undefined ? {} : watchEntities(watch)),
    },
  };
}

/** From the readings: gone with the reader, with the agent, or when no reading comes. */
function liveEntities(
  name: string,
  { fields, currency, periods }: Meter['profile'],
  expireAfter: number,
): Record<string, Entity> {
  const topics = meterTopics(name);
  const live = (field: string, label: string, options: object): Entity => ({
    platform: 'sensor',
    name: label,
    ...options,
    state_topic: topics.reading,
    value_template: json(`value_json.${field}`),
    availability: [{ topic: topics.availability }, ...kept.availability],
    availability_mode: 'all',
    expire_after: expireAfter,
  });
  const measured = (
    device_class: string,
    unit_of_measurement: string,
    suggested_display_precision: number,
  ) => ({
    device_class,
    state_class: 'measurement',
    unit_of_measurement,
    suggested_display_precision,
  });
  return {
    power: { ...live('power', 'Power', measured('power', 'W', 0)), ...basisOf(name) },
    apparent_power: live('apparent_power', 'Apparent power', measured('apparent_power', 'VA', 0)),
    ...Object.fromEntries(
      fields.map((field) => {
        const [quantity = '', phase = ''] = field.split('_');
        const unit = quantity === 'current' ? measured('current', 'A', 2) : measured('voltage', 'V', 1);
        return [field, live(field, `${quantity === 'current' ? 'Current' : 'Voltage'} phase ${phase}`, unit)];
      }),
    ),
    price: live('price', 'Price', {
      state_class: 'measurement',
      unit_of_measurement: `${currency}/kWh`,
      suggested_display_precision: 4,
      icon: 'mdi:cash',
    }),
    tariff: live('tariff', 'Tariff period', {
      ...choice([...new Set(periods.map((period) => period.name))]),
      icon: 'mdi:clock-outline',
    }),
    quality: live('quality', 'Quality', { ...choice(QUALITIES), entity_category: 'diagnostic' }),
  };
}

/** From the agent's journal: known while the reader is away, and never an older number than before. */
function totals(name: string, currency: string): Record<string, Entity> {
  const total = (label: string, value: string, options: object): Entity => ({
    platform: 'sensor',
    name: label,
    ...options,
    suggested_display_precision: 2,
    state_topic: agentTopics.meter(name),
    value_template: json(value),
    ...kept,
  });
  const reading = (field: string) => `value_json.reading.${field} if value_json.reading else none`;
  const energy = { device_class: 'energy', unit_of_measurement: 'kWh' };
  const money = { device_class: 'monetary', state_class: 'total', unit_of_measurement: currency };
  const today = {
    state_class: 'total',
    last_reset_value_template:
      "{{ (value_json.today.start / 1000) | timestamp_utc if value_json is defined else '' }}",
  };
  return {
    energy: {
      ...total('Energy', reading('energy'), { ...energy, state_class: 'total_increasing' }),
      ...basisOf(name),
    },
    cost: total('Cost', reading('cost'), money),
    energy_today: total('Energy today', 'value_json.today.energy', { ...energy, ...today }),
    cost_today: total('Cost today', 'value_json.today.cost', { ...money, ...today }),
  };
}

/** Watts and kilowatt-hours that are volt-amperes in truth say so beside the number: their class has no room for it. */
function basisOf(name: string) {
  return {
    json_attributes_topic: meterTopics(name).profile,
    json_attributes_template:
      "{{ ({'basis': value_json.power_basis, 'simulated': value_json.simulated} if value_json is defined else {}) | tojson }}",
  };
}

function watchEntities({ name, target }: WatchStatus): Record<string, Entity> {
  const topic = agentTopics.watch(name);
  return {
    problem: {
      platform: 'binary_sensor',
      name: 'Problem',
      device_class: 'problem',
      entity_category: 'diagnostic',
      state_topic: topic,
      // It is over when fresh readings have proved it; while we are blind, nobody knows.
      value_template: json(
        "'ON' if value_json.state in ['stalled', 'recovering'] else none if value_json.state == 'blind' else 'OFF'",
      ),
      json_attributes_topic: topic,
      json_attributes_template:
        "{{ ({'verdict': value_json.state, 'cause': value_json.cause | default(none), 'sentence': value_json.sentence} if value_json is defined else {}) | tojson }}",
      ...kept,
    },
    stall: {
      platform: 'event',
      name: 'Stall',
      event_types: Object.keys(EVENT_TYPES),
      state_topic: agentTopics.event(name),
      // The whole of an incident would be too much for its recorder.
      value_template:
        "{{ {'event_type': value_json.event_type, 'incident': value_json.id, 'cause': value_json.cause, 'verdict': value_json.verdict, 'loss': value_json.loss | default(none)} | tojson }}",
      ...kept,
    },
    ...(target === undefined
      ? {}
      : {
          restart: {
            platform: 'button' as const,
            name: 'Restart',
            device_class: 'restart',
            entity_category: 'config',
            command_topic: agentTopics.request('restart', name),
            payload_press: 'force',
            ...kept,
          },
        }),
  };
}

/** `ground_floor` is shown as `Ground floor`. */
function titleOf(name: string): string {
  const words = name.replaceAll(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1) || name;
}

/** One of a few words; without any, any word. */
function choice(options: readonly string[]) {
  return options.length === 0 ? {} : { device_class: 'enum', options };
}
