import type { Log } from '../../shared/log.ts';
import type { Time } from '../../shared/time.ts';
import type { Batch } from './batch.ts';
import type { Reject } from './sieve.ts';
import { Spans } from './spans.ts';

/** What became of the readings given to a store. */
export interface Tallied {
  /** Readings that the store has acknowledged; one that was sent again counts once. */
  written: number;
  /** Readings that the store refused for good, which were left out. */
  rejected: number;
  /** Failed attempts. */
  retries: number;
  /** Wall clock in milliseconds; there while the store is away. */
  downSince?: number;
  lastError?: string;
  /** Wall clock in milliseconds. */
  lastSuccess?: number;
}

/** A whole run of refusals is one log line more, not thousands. */
const REJECTS_LOGGED = 5;

/** Beyond these the oldest is taken as counted. */
const MOST_HOLES = 100;

/** From the first failure until all that waited has been sent. */
interface Outage {
  /** Wall clock, milliseconds. */
  since: number;
  monotonic: number;
  /** Readings. */
  sent: number;
  /** How long it took until the first success, once there was one. */
  awayMs: number | undefined;
}

/** Counts what one store was given, and tells of its outages and refusals in few lines. */
export class Tally {
  readonly #store: string;
  readonly #time: Time;
  readonly #log: Log;
  readonly #counts = { written: 0, rejected: 0, retries: 0 };
  /** Entries ever judged, so that one that is sent again is not counted again. */
  readonly #judged = new Spans();
  #outage: Outage | undefined;
  #lastError: string | undefined;
  #lastSuccess: number | undefined;
  #unsaved = false;

  constructor(store: string, { time, log }: { time: Time; log: Log }) {
    this.#store = store;
    this.#time = time;
    this.#log = log;
  }

  read(): Tallied {
    return {
      ...this.#counts,
      ...(this.#outage && this.#outage.awayMs === undefined && { downSince: this.#outage.since }),
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      ...(this.#lastSuccess !== undefined && { lastSuccess: this.#lastSuccess }),
    };
  }

  judged({ span, ids }: Batch, rejects: Reject[]): void {
    const isNew = (id: number) => !this.#judged.has(id);
    const newRejects = rejects.filter(({ entry }) => isNew(entry.id));
    for (const { entry, reason } of newRejects.slice(0, REJECTS_LOGGED)) {
      const { meter, reading } = entry;
      this.#log.warn(
        { store: this.#store, meter, seq: reading.seq, time: reading.time, reason },
        'left out a reading that the store refuses',
      );
    }
    const unnamed = newRejects.length - REJECTS_LOGGED;
    if (unnamed > 0)
      this.#log.warn({ store: this.#store }, `left out ${unnamed} more readings of the same request`);
    this.#counts.rejected += newRejects.length;
    this.#counts.written += ids.filter(isNew).length - newRejects.length;
    this.#judged.add(span);
    const [oldest, ...holes] = this.#judged.holes(this.#judged.top);
    if (oldest && holes.length >= MOST_HOLES) this.#judged.add(oldest);
  }

  /** @param caughtUp nothing more waits. */
  succeeded(sent: number, caughtUp: boolean): void {
    this.#lastSuccess = this.#time.now();
    if (this.#outage === undefined) return;
    this.#outage.sent += sent;
    this.#outage.awayMs ??= this.#time.monotonic() - this.#outage.monotonic;
    if (!caughtUp) return;
    const seconds = Math.round(this.#outage.awayMs / 100) / 10;
    this.#log.info(
      { store: this.#store, seconds, sent: this.#outage.sent },
      'the store is back and has caught up',
    );
    this.#outage = undefined;
  }

  failed(reason: string): void {
    this.#counts.retries += 1;
    this.#lastError = reason;
    if (this.#outage === undefined) {
      const [since, monotonic] = [this.#time.now(), this.#time.monotonic()];
      this.#outage = { since, monotonic, sent: 0, awayMs: undefined };
      this.#log.warn({ store: this.#store, reason }, 'the store takes nothing; the journal keeps it');
    }
    // Until it has caught up it is the same outage, and no line more.
    this.#outage.awayMs = undefined;
  }

  /** The cursor is on the disk again. */
  saved(): void {
    this.#unsaved = false;
  }

  unsaved(reason: string): void {
    this.#lastError = `saving the cursor: ${reason}`;
    if (!this.#unsaved)
      this.#log.warn(
        { store: this.#store, reason },
        'the cursor cannot be saved; forwarding goes on, and a restart would send again',
      );
    this.#unsaved = true;
  }
}
