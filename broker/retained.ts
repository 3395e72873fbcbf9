import type { AedesPublishPacket } from 'aedes';

interface Packet {
  topic: string;
  payload: string | Uint8Array;
}

interface Persistence {
  storeRetained(packet: Packet, ...rest: unknown[]): unknown;
}

/**
 * Keeps what a new subscriber is sent from memory from coming after what has replaced it meanwhile: aedes
 * reads the retained messages ahead and sends live ones past them, so that the last thing a subscriber
 * hears of a state may be the state before.
 *
 * @param persistence is changed, so that it is seen what is stored.
 * @returns whether a message may go out: false for a retained one that is the retained one no more. The
 * subscriber has been sent the newer one, for it was subscribed before it was sent this one.
 */
export function retainedKeeper(persistence: object): (packet: AedesPublishPacket) => boolean {
  const newest = new Map<string, Packet['payload']>();
  const inner = persistence as Persistence;
  const store = inner.storeRetained.bind(inner);
  inner.storeRetained = (packet, ...rest) => {
    if (packet.payload.length === 0) newest.delete(packet.topic);
    else newest.set(packet.topic, packet.payload);
    return store(packet, ...rest);
  };
  // What comes from memory has no broker id.
  return ({ brokerId, retain, topic, payload }) =>
    !retain || Boolean(brokerId) || newest.get(topic) === payload;
}
