/** A device of Home Assistant, and the messages that announce it; pure. */
import type { Settings } from '../../shared/settings/schema.ts';
import { VERSION } from '../../shared/version.ts';
import { agentTopics, meterTopics } from '../../shared/wire.ts';

export type HomeAssistantSettings = Settings['agent']['home_assistant'];

/** One entity of a device: its platform, and the platform's options under their long names. */
export type Entity = { platform: 'sensor' | 'binary_sensor' | 'button' | 'event'; name: string } & Readonly<
  Record<string, unknown>
>;

export interface Device {
  /** Of letters, digits, `_` and `-`, for it is a level of topics. */
  id: string;
  name: string;
  model: string;
  version: string;
  /** The id of the device it is reached by. */
  via?: string;
  /** By their ids, of lower-case letters, digits and `_`. */
  entities: Readonly<Record<string, Entity>>;
}

/** The id of the agent's own device; a meter's is longer. */
export const AGENT_ID = 'wattdog';

/** What depends on the agent alone: it is there while the meter is not. */
export const kept = { availability: [{ topic: agentTopics.state }] };

const ORIGIN = { name: 'wattdog', sw_version: VERSION };

/**
 * What is to be retained on which topics: one message a device, or one an entity. Both name an entity alike, so that
 * Home Assistant can take it over from the one form into the other.
 * @param page the address of the agent's page, for the link on a device.
 */
export function announcementsOf(
  devices: readonly Device[],
  { discovery, prefix }: HomeAssistantSettings,
  page?: string,
): Map<string, string> {
  const announcements = new Map<string, string>();
  if (discovery === 'off') return announcements;
  for (const device of devices) {
    const about = { device: describe(device, page), origin: ORIGIN };
    const entities = Object.entries(device.entities).map(
      ([id, entity]) => [id, identified(device, id, entity)] as const,
    );
    if (discovery === 'device') {
      const components = Object.fromEntries(entities);
      announcements.set(`${prefix}/device/${device.id}/config`, JSON.stringify({ ...about, components }));
      continue;
    }
    for (const [id, { platform, ...options }] of entities)
      announcements.set(
        `${prefix}/${platform}/${device.id}/${id}/config`,
        JSON.stringify({ ...options, ...about }),
      );
  }
  return announcements;
}

/** A template; for an empty message, by which a broker forgets a state, `none`: unknown. */
export function json(expression: string): string {
  return `{{ (${expression}) if value_json is defined else none }}`;
}

/**
 * Watts and kilowatt-hours that are volt-amperes in truth say so beside the number: their class has no room for it.
 * @param meter its name.
 */
export function basisOf(meter: string) {
  return {
    json_attributes_topic: meterTopics(meter).profile,
    json_attributes_template:
      "{{ ({'basis': value_json.power_basis, 'simulated': value_json.simulated} if value_json is defined else {}) | tojson }}",
  };
}

function describe({ id, name, model, version, via }: Device, page: string | undefined) {
  return {
    identifiers: [id],
    name,
    manufacturer: 'wattdog',
    model,
    sw_version: version,
    ...(via === undefined ? {} : { via_device: via }),
    ...(page === undefined ? {} : { configuration_url: page }),
  };
}

/** An entity keeps its name in Home Assistant, whatever people call it there or we call it later. */
function identified({ id: device, name }: Device, id: string, entity: Entity) {
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
  return {
    ...entity,
    unique_id: `${device}-${id}`,
    default_entity_id: `${entity.platform}.${slug}_${id}`,
  };
}
