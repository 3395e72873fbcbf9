import { randomBytes } from 'node:crypto';
import { type RunningBroker, startBroker } from '../broker/broker.ts';
import { hashPassword } from '../broker/passwords.ts';
import type { Log } from '../shared/log.ts';
import type { BrokerAddress } from '../shared/mqtt.ts';
import { localUrl } from '../shared/settings/broker-address.ts';
import type { BrokerSettings } from '../shared/settings/schema.ts';

export interface EmbeddedBroker {
  broker: RunningBroker;
  /** How the agent itself, and a meter that it runs as its child, reach the broker. */
  agent: BrokerAddress;
  meter: BrokerAddress;
}

/**
 * The broker inside the agent's process. The agent talks to it over TCP like everyone else, so that it
 * works alike with any other broker. Where users are configured, the agent and its child are two more,
 * with passwords that live as long as the process.
 */
export async function startEmbedded(settings: BrokerSettings, log: Log): Promise<EmbeddedBroker> {
  if (settings.users.length === 0 && settings.credentials === undefined) {
    const broker = await startBroker(settings, { log });
    const url = localUrl(broker.mqtt);
    return { broker, agent: { url }, meter: { url } };
  }
  const agent = { username: 'wattdog-agent', password: randomBytes(24).toString('base64url') };
  const meter = { username: 'wattdog-meter', password: randomBytes(24).toString('base64url') };
  const broker = await startBroker(settings, {
    log,
    extraUsers: [
      { name: agent.username, role: 'agent', password_hash: await hashPassword(agent.password) },
      { name: meter.username, role: 'meter', password_hash: await hashPassword(meter.password) },
    ],
  });
  const url = localUrl(broker.mqtt);
  return { broker, agent: { url, ...agent }, meter: { url, ...meter } };
}
