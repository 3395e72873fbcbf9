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

/** `echo`: from a memory, not from a living sender; `stuck`: it lives, but says the same again. */
export type Sign = 'life' | 'echo' | { field: string; stuckAt: string };

const READING = /^wattdog\/[^/]+\/reading$/;
/** Topics whose last value is remembered. */
const MOST_TOPICS = 1000;

/**
 * Tells signs of life from echoes. A retained message, a repetition and a reading no newer than one that
 * was seen come from a memory, not from a living meter. Backlog is no life either, but it has its own topic.
 */
export class SignsOfLife {
  readonly #progress: string | undefined;
  readonly #newest = new Map<string, { epoch: string; seq: number }>();
  readonly #values = new Map<string, string>();

  /** @param progress a field of the JSON payload that must move, such as `sensor.uptime`. */
  constructor(progress?: string) {
    this.#progress = progress;
  }

  judge({ topic, payload, retain, dup }: Message): Sign {
    if (retain || dup) return 'echo';
    if (READING.test(topic) && !this.#isNewReading(topic, payload)) return 'echo';
    if (this.#progress === undefined) return 'life';
    const value = fieldOf(payload, this.#progress);
    const isStuck = this.#values.get(topic) === value;
    if (this.#values.size < MOST_TOPICS || this.#values.has(topic)) this.#values.set(topic, value);
    return isStuck ? { field: this.#progress, stuckAt: value } : 'life';
  }

  #isNewReading(topic: string, payload: Uint8Array): boolean {
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

/** A message without the field does not move it. */
function fieldOf(payload: Uint8Array, path: string): string {
  try {
    const value = path
      .split('.')
      .reduce<unknown>(
        (at, step) => (at as Record<string, unknown> | null | undefined)?.[step],
        JSON.parse(new TextDecoder().decode(payload)),
      );
    return JSON.stringify(value)?.slice(0, 80) ?? 'missing';
  } catch {
    return 'missing';
  }
}
