import type { BrokerAddress } from '../mqtt.ts';
import type { Settings } from './schema.ts';

/** Where a client finds the broker: the given URL, or the embedded one on this machine. */
export function brokerAddress({ mqtt, broker }: Settings): BrokerAddress {
  const host = ['0.0.0.0', '::'].includes(broker.host) ? '127.0.0.1' : broker.host;
  const url = mqtt.url === 'embedded' ? `mqtt://${host}:${broker.port}` : mqtt.url;
  return { url, username: mqtt.username, password: mqtt.password };
}
