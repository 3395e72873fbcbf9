import type { BrokerAddress } from '../mqtt.ts';
import type { Settings } from './schema.ts';

/** Where a client finds the broker: the given URL, or the embedded one on this machine. */
export function brokerAddress({ mqtt, broker }: Settings): BrokerAddress {
  const url = mqtt.url === 'embedded' ? localUrl(broker) : mqtt.url;
  return { url, username: mqtt.username, password: mqtt.password };
}

/** How this machine reaches a broker that listens on the given address, which may be all of them. */
export function localUrl({ host, port }: { host: string; port: number }): string {
  const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `mqtt://${near.includes(':') ? `[${near}]` : near}:${port}`;
}
