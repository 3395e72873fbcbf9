import { EventEmitter } from 'node:events';
import type { Client } from 'aedes';

/**
 * Disconnects a client for a packet with a string cut short. mqtt-packet passes such a packet on with
 * `null` in its place, and aedes throws on that where nobody can catch it: one packet would end the
 * process. aedes offers no place before that, so this listens to its parser; a test notices when it moves.
 */
export function refuseMalformed(client: Client): void {
  const parser: unknown = Reflect.get(client, '_parser');
  if (!(parser instanceof EventEmitter)) throw new Error('aedes no longer keeps its parser in _parser');
  parser.prependListener('packet', (packet: Packet) => {
    const { properties, will, subscriptions, unsubscriptions } = packet;
    // aedes closes the connection for a command it does not know.
    if (hasNull([properties, will, subscriptions, unsubscriptions])) packet.cmd = 'malformed';
  });
}

type Packet = { cmd: string } & Record<'properties' | 'will' | 'subscriptions' | 'unsubscriptions', unknown>;

function hasNull(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== 'object' || ArrayBuffer.isView(value)) return false;
  return Object.values(value).some(hasNull);
}
