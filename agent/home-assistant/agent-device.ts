/** The agent itself as a device of Home Assistant; pure. */
import { VERSION } from '../../shared/version.ts';
import { agentTopics } from '../../shared/wire.ts';
import { AGENT_ID, type Device, type Entity, json } from './device.ts';

/** @param stores their names. */
export function agentDevice(stores: readonly string[]): Device {
  return {
    id: AGENT_ID,
    name: 'Wattdog',
    model: 'agent',
    version: VERSION,
    entities: {
      connectivity: {
        platform: 'binary_sensor',
        name: 'Connectivity',
        device_class: 'connectivity',
        entity_category: 'diagnostic',
        state_topic: agentTopics.state,
        payload_on: 'online',
        payload_off: 'offline',
      },
      ...Object.assign({}, ...stores.map(storeEntities)),
    },
  };
}

function storeEntities(name: string): Record<string, Entity> {
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
  const shared = {
    entity_category: 'diagnostic',
    state_topic: agentTopics.store(name),
    availability: [{ topic: agentTopics.state }],
  };
  return {
    [`problem_${slug}`]: {
      platform: 'binary_sensor',
      name: `Problem with ${name}`,
      device_class: 'problem',
      value_template: json("'ON' if value_json.downSince else 'OFF'"),
      ...shared,
    },
    [`lag_${slug}`]: {
      platform: 'sensor',
      name: `Lag of ${name}`,
      state_class: 'measurement',
      unit_of_measurement: 'readings',
      value_template: json('value_json.lag'),
      ...shared,
    },
  };
}
