/** A meter as a device of Home Assistant; pure. */
import { agentTopics, meterTopics } from '../../shared/wire.ts';
import type { WatchStatus } from '../doors/operations.ts';
import type { IncidentEvent } from '../guard/incidents.ts';
import type { Meter } from '../meters.ts';
import { AGENT_ID, type Device, type Entity, json, kept } from './device.ts';
import { liveEntities } from './live-entities.ts';
import { totalEntities } from './total-entities.ts';

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

interface Present {
  /** The one for its readings, if there is one. */
  watch: WatchStatus | undefined;
  /** The fields of its newest reading; empty before there is one. */
  carried: ReadonlySet<string>;
  /** Whole seconds after which a live value is none any more. */
  expireAfter: number;
}

export function meterDevice(meter: Meter, { watch, carried, expireAfter }: Present): Device {
  const { name, profile } = meter;
  return {
    id: `${AGENT_ID}-${name}`,
    name: titleOf(name),
    model: profile.simulated ? 'simulated panel' : profile.decoder,
    version: profile.version,
    via: AGENT_ID,
    entities: {
      ...liveEntities(meter, carried, expireAfter),
      ...totalEntities(meter, carried),
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
