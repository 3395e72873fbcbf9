/** Home Assistant's rules for discovery messages, stricter than it is itself: what we never send is refused too. */
import * as z from 'zod';

const topic = z
  .string()
  .min(1)
  .regex(/^[^+#\0]+$/, 'must be a topic without wildcards');
const template = z.string().regex(/^\{\{.*\}\}$/s, 'must be a template');
const text = z.string().min(1).max(255);
const url = z
  .url({ protocol: /^https?$/ })
  .refine((value) => !value.includes('@'), 'must hold no credentials');

const device = z.strictObject({
  identifiers: z.array(z.string().min(1)).min(1),
  name: text,
  manufacturer: text,
  model: text,
  sw_version: text,
  via_device: z.string().min(1).optional(),
  configuration_url: url.optional(),
});
const origin = z.strictObject({ name: text, sw_version: text, support_url: url.optional() });

const common = {
  name: text,
  unique_id: z.string().min(1),
  default_entity_id: z.string().regex(/^[a-z_]+\.(?!_)(?!.*__)[a-z0-9_]+(?<!_)$/, 'must be an entity id'),
  icon: z.string().startsWith('mdi:').optional(),
  availability: z.array(z.strictObject({ topic })).min(1).optional(),
  availability_mode: z.literal('all').optional(),
  json_attributes_topic: topic.optional(),
  json_attributes_template: template.optional(),
};
const diagnostic = z.literal('diagnostic').optional();

/** By device class: units, and the classes of its statistics. */
const SENSORS: Record<
  string,
  { units: (string | RegExp | undefined)[]; statistics: (string | undefined)[] }
> = {
  power: { units: ['W', 'kW', 'MW'], statistics: ['measurement'] },
  apparent_power: { units: ['VA', 'kVA'], statistics: ['measurement'] },
  current: { units: ['A', 'mA'], statistics: ['measurement'] },
  voltage: { units: ['V', 'mV'], statistics: ['measurement'] },
  frequency: { units: ['Hz', 'kHz'], statistics: ['measurement'] },
  power_factor: { units: ['%', undefined], statistics: ['measurement'] },
  reactive_power: { units: ['var', 'kvar'], statistics: ['measurement'] },
  gas: { units: ['m³', 'ft³'], statistics: ['total', 'total_increasing'] },
  water: { units: ['m³', 'L'], statistics: ['total', 'total_increasing'] },
  energy: { units: ['Wh', 'kWh', 'MWh'], statistics: ['total', 'total_increasing'] },
  monetary: { units: [/^[A-Z]{3}$/], statistics: ['total'] },
  enum: { units: [undefined], statistics: [undefined] },
};

const sensor = z
  .strictObject({
    ...common,
    platform: z.literal('sensor'),
    entity_category: diagnostic,
    state_topic: topic,
    value_template: template,
    device_class: z.enum(Object.keys(SENSORS) as [string, ...string[]]).optional(),
    state_class: z.enum(['measurement', 'total', 'total_increasing']).optional(),
    unit_of_measurement: text.optional(),
    suggested_display_precision: z.int().min(0).optional(),
    expire_after: z.int().min(1).optional(),
    options: z.array(z.string().min(1)).min(1).optional(),
    last_reset_value_template: template.optional(),
  })
  .superRefine((entity, context) => {
    const complain = (message: string) => context.addIssue({ code: 'custom', message });
    const { device_class, state_class, unit_of_measurement: unit, options } = entity;
    const rule = device_class === undefined ? undefined : SENSORS[device_class];
    const fits = (allowed: string | RegExp | undefined) =>
      allowed instanceof RegExp ? allowed.test(unit ?? '') : allowed === unit;
    if (rule && !rule.units.some(fits)) complain(`${device_class} must not be in ${unit}`);
    if (rule && !rule.statistics.includes(state_class))
      complain(`${device_class} must not be ${state_class}`);
    const mayBeBare = rule?.units.includes(undefined) === true;
    if (state_class !== undefined && unit === undefined && !mayBeBare)
      complain(`${state_class} must have a unit`);
    if ((device_class === 'enum') !== (options !== undefined))
      complain('enum must have options, others none');
    if (options && new Set(options).size < options.length) complain('options must be unique');
    if (entity.last_reset_value_template !== undefined && state_class !== 'total')
      complain('only a total may be reset');
    if (entity.availability && entity.availability.length > 1 && entity.availability_mode === undefined)
      complain('several availabilities must have a mode');
    if (entity.expire_after !== undefined && state_class?.startsWith('total'))
      complain('a total must not expire');
  });

const binarySensor = z.strictObject({
  ...common,
  platform: z.literal('binary_sensor'),
  entity_category: diagnostic,
  state_topic: topic,
  value_template: template.optional(),
  device_class: z.enum(['connectivity', 'problem']),
  payload_on: text.optional(),
  payload_off: text.optional(),
});

const button = z.strictObject({
  ...common,
  platform: z.literal('button'),
  entity_category: z.enum(['config', 'diagnostic']).optional(),
  command_topic: topic,
  device_class: z.enum(['restart', 'identify', 'update']).optional(),
  payload_press: z.string(),
});

const event = z.strictObject({
  ...common,
  platform: z.literal('event'),
  state_topic: topic,
  value_template: template.optional(),
  event_types: z.array(z.string().min(1)).min(1),
});

const component = z.discriminatedUnion('platform', [sensor, binarySensor, button, event]);
export type Component = z.infer<typeof component>;
export type DeviceInfo = z.infer<typeof device>;

/** An entity of a device message that is no more. */
const leaver = z.strictObject({ platform: z.enum(['sensor', 'binary_sensor', 'button', 'event']) });

const whole = z.strictObject({
  device,
  origin,
  components: z.record(z.string().regex(/^[a-zA-Z0-9_-]+$/), z.union([leaver, component])),
});

export interface Found {
  device: DeviceInfo | undefined;
  /** By `<platform> <device> <entity>`; undefined for what is to go. */
  components: Map<string, Component | undefined>;
  /** What goes over to another topic. */
  isMigration: boolean;
}

const TOPIC =
  /^(?:device\/(?<whole>[a-zA-Z0-9_-]+)|(?<platform>\w+)\/(?<node>[a-zA-Z0-9_-]+)\/(?<id>[a-zA-Z0-9_-]+))\/config$/;

/**
 * @param topic below the prefix. `known`: the entities announced there before, for a message that ends them all.
 * @throws where Home Assistant would refuse the message.
 */
export function readDiscovery(topic: string, payload: string, known: readonly string[]): Found {
  const place = TOPIC.exec(topic)?.groups;
  if (place === undefined) throw new Error('must be a discovery topic');
  const ended = new Map(known.map((key) => [key, undefined]));
  if (payload === '') return { device: undefined, components: ended, isMigration: false };
  const message = JSON.parse(payload);
  if (message.migrate_discovery !== undefined) {
    z.strictObject({ migrate_discovery: z.literal(true) }).parse(message);
    return { device: undefined, components: ended, isMigration: true };
  }
  if (place.whole !== undefined) {
    const parsed = whole.parse(message);
    const components = Object.entries(parsed.components).map(
      ([id, options]) =>
        [`${options.platform} ${place.whole} ${id}`, 'unique_id' in options ? options : undefined] as const,
    );
    for (const [, options] of components) if (options) checkDomain(options);
    return { device: parsed.device, components: new Map(components), isMigration: false };
  }
  const { device: about, origin: source, ...options } = message;
  origin.parse(source);
  const parsed = component.parse({ platform: place.platform, ...options });
  checkDomain(parsed);
  return {
    device: device.parse(about),
    components: new Map([[`${place.platform} ${place.node} ${place.id}`, parsed]]),
    isMigration: false,
  };
}

function checkDomain({ platform, default_entity_id }: Component): void {
  if (!default_entity_id.startsWith(`${platform}.`))
    throw new Error(`${default_entity_id} must be a ${platform}`);
}
