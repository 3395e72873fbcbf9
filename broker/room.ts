import type { AedesPublishPacket, Client } from 'aedes';

/** Bytes of a message besides its topic and payload, roughly. */
const HEADER = 128;

/** Whether a message still fits what is buffered for a client. */
export type HasRoom = (client: Client, packet: AedesPublishPacket) => boolean;

/**
 * Keeps what waits for each client within the high-water mark of its stream. aedes would write past it,
 * and let the publishers wait until that one client has caught up; a live message that does not fit is to
 * be left out instead. Retained messages (still without a broker id here) and those of a session's queue
 * (already with a message id) always fit, for they wait in streams of their own.
 */
export function roomKeeper(): HasRoom {
  /** Bytes that were let through and are not written yet: aedes does that with a `setImmediate`. */
  const promised = new WeakMap<Client, number>();

  return (client, packet) => {
    if (!packet.brokerId || packet.messageId !== undefined) return true;
    const bytes = HEADER + packet.topic.length + Buffer.byteLength(packet.payload);
    const waiting = promised.get(client) ?? 0;
    const { writableLength, writableHighWaterMark } = client.conn;
    if (writableLength + waiting + bytes >= writableHighWaterMark) return false;
    promised.set(client, waiting + bytes);
    setImmediate(() => promised.set(client, (promised.get(client) ?? 0) - bytes));
    return true;
  };
}
