import type { ExecutionContext } from 'ava';
import { mqtt_v4, mqtt_v5 } from 'u8-mqtt/node';
import { until } from '../system.ts';
import { type Component, type DeviceInfo, readDiscovery } from './rules.ts';
import { render } from './template.ts';

interface Options {
  url: string;
  /** Of MQTT. */
  version?: 4 | 5;
  prefix?: string;
  username?: string;
  password?: string;
}

interface Entity {
  key: string;
  options: Component;
  device: DeviceInfo;
  state?: string;
  attributes: Record<string, unknown>;
  lastReset?: string;
  /** By topic, what was said there last. */
  available: Map<string, boolean>;
  /** ms by our clock; undefined where it does not expire. */
  expiresAt?: number;
}

type Client = ReturnType<typeof mqtt_v4>;

/**
 * A Home Assistant as its MQTT integration behaves, on a client library that our product does not use. What it would
 * refuse, or complain of in its log, is in `problems`. Its registry outlives a restart.
 */
export class FakeHomeAssistant {
  readonly problems: string[] = [];
  /** Of its entities, by unique id, from one start to the next. */
  readonly registry = new Map<string, string>();
  /** How often a message on each topic announced something, in this life. */
  readonly announced = new Map<string, number>();
  readonly #options: Options;
  readonly #prefix: string;
  #client: Client | undefined;
  #entities = new Map<string, Entity>();
  /** What was announced where. */
  #topics = new Map<string, Set<string>>();

  constructor(options: Options) {
    this.#options = options;
    this.#prefix = options.prefix ?? 'homeassistant';
  }

  /** Connects, listens, and says that it is born. */
  async start(): Promise<void> {
    const { version = 5, url, username, password } = this.#options;
    const client = (version === 5 ? mqtt_v5 : mqtt_v4)({
      log_conn: () => {},
      on_error: (error) => this.problems.push(String(error)),
    });
    this.#client = client;
    client.on_topic('#', (packet) => {
      if (client === this.#client) this.#receive(packet.topic, packet.text(), packet.retain);
    });
    client.with_tcp(url);
    await client.connect({
      flags: { clean_start: true },
      ...(username ? { username, password: Buffer.from(password ?? '') } : {}),
    });
    await this.#subscribe([`${this.#prefix}/+/+/config`, `${this.#prefix}/+/+/+/config`]);
    await this.publish('homeassistant/status', 'online');
  }

  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#entities = new Map();
    this.#topics = new Map();
    this.announced.clear();
    await client?.disconnect();
  }

  async publish(topic: string, payload: string, retain: 0 | 1 = 0): Promise<void> {
    await this.#client?.pub({ topic, payload, qos: 1, retain });
  }

  /** What it would show: the state, `unavailable`, or `unknown`. Undefined without such an entity. */
  state(entityId: string): string | undefined {
    const entity = this.#find(entityId);
    if (entity === undefined) return undefined;
    const { options, available, expiresAt } = entity;
    const topics = options.availability ?? [];
    if (!topics.every(({ topic }) => available.get(topic) === true)) return 'unavailable';
    if ('expire_after' in options && options.expire_after !== undefined && Date.now() >= (expiresAt ?? 0))
      return 'unavailable';
    return entity.state ?? 'unknown';
  }

  /** Of all its entities, by id. */
  states(): Record<string, string | undefined> {
    const ids = [...this.#entities.values()].map(({ options }) => options.default_entity_id).sort();
    return Object.fromEntries(ids.map((id) => [id, this.state(id)]));
  }

  entity(entityId: string): Entity {
    const entity = this.#find(entityId);
    if (entity === undefined) throw new Error(`no entity ${entityId}`);
    return entity;
  }

  async press(entityId: string): Promise<void> {
    const { options } = this.entity(entityId);
    if (options.platform !== 'button') throw new Error(`${entityId} must be a button`);
    await this.publish(options.command_topic, options.payload_press);
  }

  #find(entityId: string): Entity | undefined {
    return [...this.#entities.values()].find(({ options }) => options.default_entity_id === entityId);
  }

  async #subscribe(topics: string[]): Promise<void> {
    // A broker sends what it retains again to a second subscription, which is how a new entity gets its state.
    const [{ answers }] = (await this.#client?.subscribe(topics.map((topic) => [topic, { qos: 0 }]))) ?? [
      { answers: [] },
    ];
    for (const [index, answer] of answers.entries())
      if (Number(answer) >= 128) this.problems.push(`subscribing to ${topics[index]} was refused`);
  }

  #receive(topic: string, payload: string, retain: boolean): void {
    try {
      if (topic.startsWith(`${this.#prefix}/`) && topic.endsWith('/config')) this.#discover(topic, payload);
      else for (const entity of this.#entities.values()) update(entity, { topic, payload, retain });
    } catch (error) {
      this.problems.push(`${topic}: ${error instanceof Error ? error.message : String(error)}: ${payload}`);
    }
  }

  #discover(topic: string, payload: string): void {
    const known = this.#topics.get(topic) ?? new Set();
    const found = readDiscovery(topic.slice(this.#prefix.length + 1), payload, [...known]);
    this.announced.set(topic, (this.announced.get(topic) ?? 0) + 1);
    for (const [key, options] of found.components) {
      const entity = this.#entities.get(key);
      if (entity !== undefined && !known.has(key))
        throw new Error(`${key} is announced on another topic already`);
      if (options === undefined || found.device === undefined) {
        known.delete(key);
        this.#entities.delete(key);
        if (entity !== undefined && !found.isMigration) this.registry.delete(entity.options.unique_id);
        continue;
      }
      known.add(key);
      this.#topics.set(topic, known);
      this.#add({ key, options, device: found.device, attributes: {}, available: new Map() }, entity);
    }
  }

  #add(entity: Entity, before: Entity | undefined): void {
    const { unique_id, default_entity_id } = entity.options;
    for (const [other, { options }] of this.#entities)
      if (other !== entity.key && options.unique_id === unique_id)
        throw new Error(`${unique_id} is not unique`);
    const owner = [...this.registry].find(([, entityId]) => entityId === default_entity_id)?.[0];
    if (owner !== undefined && owner !== unique_id)
      throw new Error(`${default_entity_id} is the name of another`);
    this.registry.set(unique_id, default_entity_id);
    if (before !== undefined && JSON.stringify(before.options) === JSON.stringify(entity.options)) return;
    this.#entities.set(entity.key, entity);
    this.#subscribe(topicsOf(entity.options)).catch((error) => this.problems.push(String(error)));
  }
}

function topicsOf(options: Component): string[] {
  const own = 'state_topic' in options ? [options.state_topic] : [];
  const attributes = options.json_attributes_topic === undefined ? [] : [options.json_attributes_topic];
  return [...new Set([...own, ...attributes, ...(options.availability ?? []).map(({ topic }) => topic)])];
}

function update(entity: Entity, message: { topic: string; payload: string; retain: boolean }): void {
  const { options, available, attributes } = entity;
  const { topic, payload, retain } = message;
  if (payload !== '' && options.availability?.some((one) => one.topic === topic)) {
    if (payload !== 'online' && payload !== 'offline') throw new Error('must be online or offline');
    available.set(topic, payload === 'online');
  }
  const scope = () => (payload === '' ? {} : { value_json: JSON.parse(payload) });
  if (options.json_attributes_topic === topic && options.json_attributes_template !== undefined)
    Object.assign(attributes, JSON.parse(render(options.json_attributes_template, scope())));
  if (!('state_topic' in options) || options.state_topic !== topic) return;
  const value = options.value_template === undefined ? payload : render(options.value_template, scope());
  if (options.platform === 'sensor') {
    if (options.expire_after !== undefined) entity.expiresAt = Date.now() + options.expire_after * 1000;
    if (value !== 'None' && options.options !== undefined && !options.options.includes(value))
      throw new Error(`${options.unique_id}: ${value} must be one of ${options.options.join(', ')}`);
    if (value !== 'None' && options.unit_of_measurement !== undefined && !Number.isFinite(Number(value)))
      throw new Error(`${options.unique_id}: must be a number, got ${value}`);
    if (options.last_reset_value_template !== undefined) {
      entity.lastReset = render(options.last_reset_value_template, scope());
      if (entity.lastReset !== '' && Number.isNaN(Date.parse(entity.lastReset)))
        throw new Error(`no time: ${entity.lastReset}`);
    }
    entity.state = value === 'None' ? 'unknown' : value;
  } else if (options.platform === 'binary_sensor') {
    const { payload_on = 'ON', payload_off = 'OFF' } = options;
    if (value === '') return;
    if (![payload_on, payload_off, 'None'].includes(value)) throw new Error(`${options.unique_id}: ${value}`);
    entity.state = value === 'None' ? 'unknown' : value === payload_on ? 'on' : 'off';
  } else if (options.platform === 'event') {
    if (retain) throw new Error('an event must not be retained');
    const { event_type, ...rest } = JSON.parse(value);
    if (!options.event_types.includes(event_type)) throw new Error(`unknown event type ${event_type}`);
    entity.state = event_type;
    Object.assign(attributes, rest);
  }
}

/** Started, and stopped with the test, which it fails if it had anything to complain of. */
export async function openFakeHomeAssistant(
  t: ExecutionContext,
  options: Options,
): Promise<FakeHomeAssistant> {
  const home = new FakeHomeAssistant(options);
  t.teardown(() => home.stop());
  await until('the broker to accept the fake Home Assistant', 5000, async () => {
    await home.start();
    return true;
  });
  return home;
}
