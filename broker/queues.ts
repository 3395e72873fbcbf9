import { Readable } from 'node:stream';
import aedesPersistence from 'aedes-persistence';

/** Its types speak of an ES module; it is a CommonJS one, whose default is the function itself. */
const memory = aedesPersistence as unknown as () => object;

/** Bytes that one session may have waiting or unacknowledged: two hours of readings, roughly. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Bytes that a queued message takes on top of its payload, roughly. */
const OVERHEAD = 512;

interface Session {
  clientId: string;
}

/** What is queued: a PUBLISH, or in its place the PUBREL that follows it (QoS 2). */
interface Packet {
  cmd: string;
  messageId?: number | undefined;
  /** Numbers the messages of this broker. */
  brokerCounter?: number;
  payload?: string | Uint8Array;
}

interface Queue {
  bytes: number;
  entries: { packet: Packet; bytes: number }[];
}

/**
 * aedes' memory persistence with another queue for sessions that are away or have not acknowledged yet:
 * its own has no bound. What does not fit is left out and told to `onDrop`. A client that is connected
 * still receives such a message, only not again after a reconnection.
 */
export function cappedPersistence(onDrop: (clientId: string) => void) {
  const queues = new Map<string, Queue>();
  const entriesOf = (clientId: string) => queues.get(clientId)?.entries ?? [];

  const enqueue = (clientId: string, packet: Packet) => {
    const queue = queues.get(clientId) ?? { bytes: 0, entries: [] };
    const bytes = OVERHEAD + Buffer.byteLength(packet.payload ?? '');
    if (queue.bytes + bytes > MOST_BYTES) return onDrop(clientId);
    queues.set(clientId, queue);
    queue.bytes += bytes;
    // A copy, for every session gives it a message id of its own.
    queue.entries.push({ packet: { ...packet }, bytes });
  };

  return Object.assign(memory(), {
    async outgoingEnqueue(session: Session, packet: Packet): Promise<void> {
      enqueue(session.clientId, packet);
    },
    async outgoingEnqueueCombi(sessions: Session[], packet: Packet): Promise<void> {
      for (const { clientId } of sessions) enqueue(clientId, packet);
    },
    outgoingStream: (client: { id: string }) =>
      Readable.from(entriesOf(client.id).map(({ packet }) => packet)),
    /** A PUBLISH has got its message id; a PUBREL replaces the PUBLISH of the same message id. */
    async outgoingUpdate(client: { id: string }, packet: Packet): Promise<void> {
      const published = packet.cmd === 'publish';
      const entry = entriesOf(client.id).find(({ packet: queued }) =>
        published ? queued.brokerCounter === packet.brokerCounter : queued.messageId === packet.messageId,
      );
      // aedes's own rejects here, and that disconnects the client; one that was left out is not there.
      if (entry === undefined) return;
      if (published) entry.packet.messageId = packet.messageId;
      else entry.packet = packet;
    },
    async outgoingClearMessageId(client: { id: string }, { messageId }: Packet): Promise<Packet | undefined> {
      const queue = queues.get(client.id);
      const index = queue?.entries.findIndex(({ packet }) => packet.messageId === messageId) ?? -1;
      if (queue === undefined || index < 0) return undefined;
      const [cleared] = queue.entries.splice(index, 1);
      queue.bytes -= cleared?.bytes ?? 0;
      if (queue.entries.length === 0) queues.delete(client.id);
      return cleared?.packet;
    },
  });
}
