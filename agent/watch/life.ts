import { decodeReading } from '../../shared/wire.ts';

/** What of an MQTT message tells whether its sender lives. */
export interface Message {
  topic: string;
  payload: Uint8Array;
  /** Sent by the broker from its memory, at our subscribing. */
  retain: boolean;
  /** Sent again, because an acknowledgement was missing. */
  dup: boolean;
}

const READING = /^wattdog\/[^/]+\/reading$/;

/**
 * Tells signs of life from echoes. A retained message, a repetition and a reading no newer than one that
 * was seen come from a memory, not from a living meter. Backlog is no life either, but it has its own topic.
 */
export class SignsOfLife {
  readonly #newest = new Map<string, { epoch: string; seq: number }>();

  isNew({ topic, payload, retain, dup }: Message): boolean {
    if (retain || dup) return false;
    if (!READING.test(topic)) return true;
    try {
      const { epoch, seq } = decodeReading(payload);
      const newest = this.#newest.get(topic);
      if (newest && epoch === newest.epoch && seq <= newest.seq) return false;
      this.#newest.set(topic, { epoch, seq });
      return true;
    } catch {
      return false;
    }
  }
}
