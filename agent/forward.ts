import { type Backoff, exponential } from '../shared/backoff.ts';
import { RetryError, reason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { Time } from '../shared/time.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { PATIENCE_MS } from './stores/classify.ts';
import { Cursor } from './stores/cursor.ts';
import type { Store } from './stores/store.ts';

export interface ForwardStatus {
  name: string;
  /** Readings that the store has acknowledged; one that was sent again counts once. */
  written: number;
  /** Readings that the store refused for good, which were left out. */
  rejected: number;
  /** Failed attempts. */
  retries: number;
  /** Journalled readings that the store has still to be given. */
  lag: number;
  /** Wall clock in milliseconds; there while the store is away. */
  downSince?: number;
  lastError?: string;
  /** Wall clock in milliseconds. */
  lastSuccess?: number;
}

interface ForwardDeps {
  journal: Pick<Journal, 'readAfter' | 'grown' | 'lastId' | 'cursor' | 'saveCursor'>;
  store: Store;
  time: Time;
  log: Log;
  /** In [0, 1). */
  random?: () => number;
  /** Readings a request carries at most. */
  batch: number;
  /** Milliseconds after which an acknowledgement is believed. */
  settleMs?: number;
}

/** Milliseconds between signs of life asked for while an acknowledgement is still doubtful. */
const PING_MS = 3_000;
/** A whole run of refusals is one log line more, not thousands. */
const REJECTS_LOGGED = 5;

interface Reject {
  entry: JournalEntry;
  reason: string;
}

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

/** Feeds one store from the journal. One loop per store, so that a dead one stalls no other. */
export class Forwarder {
  readonly #deps: ForwardDeps;
  readonly #cursor: Cursor;
  readonly #backoff: Backoff;
  readonly #random: () => number;
  /** Entries the next request carries: halved by a failure, so that a slow store can catch up. */
  #size: number;
  /** Entries a request may carry; lowered for good by a store that calls it too large. */
  #most: number;
  /** The settled entry that is on disk. */
  #saved: number;
  /** The store's `signs` when the cursor was last known to be right. */
  #signs: number;
  /** The furthest entry ever judged, so that one that is sent again is not counted again. */
  #judged: number;
  #attempt = 0;
  #accepts = false;
  #outage: Outage | undefined;
  #counts = { written: 0, rejected: 0, retries: 0 };
  #lastError: string | undefined;
  #lastSuccess: number | undefined;

  constructor(deps: ForwardDeps) {
    this.#deps = deps;
    this.#random = deps.random ?? Math.random;
    // A store that returns is noticed within a second.
    this.#backoff = exponential(100, 1000, this.#random);
    this.#cursor = new Cursor(deps.journal.cursor(deps.store.name), deps.settleMs);
    this.#judged = this.#cursor.settled;
    this.#saved = this.#cursor.settled;
    this.#signs = deps.store.signs;
    this.#size = deps.batch;
    this.#most = deps.batch;
  }

  status(): ForwardStatus {
    return {
      name: this.#deps.store.name,
      ...this.#counts,
      lag: this.#deps.journal.lastId() - this.#cursor.sent,
      ...(this.#outage && this.#outage.awayMs === undefined && { downSince: this.#outage.since }),
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      ...(this.#lastSuccess !== undefined && { lastSuccess: this.#lastSuccess }),
    };
  }

  /** Runs until the signal aborts. What has not settled by then is sent again by the next run. */
  async run(signal: AbortSignal): Promise<void> {
    const { time } = this.#deps;
    while (!signal.aborted) {
      try {
        await this.#step(signal);
      } catch (error) {
        if (signal.aborted) return;
        const failure = error instanceof RetryError ? error : this.#ownFailure(error);
        this.#failed(failure);
        const pause = Math.max(failure.afterMs ?? 0, this.#backoff(this.#attempt++));
        await time.sleep(pause, signal).catch(() => {});
      }
    }
  }

  /** The journal's disk may be full or failing: that ends no other store's loop, nor the broker. */
  #ownFailure(error: unknown): RetryError {
    return new RetryError(`feeding ${this.#deps.store.name} from the journal: ${reason(error)}`, {
      afterMs: PATIENCE_MS,
    });
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { journal, store, log } = this.#deps;
    if (store.signs !== this.#signs) {
      this.#signs = store.signs;
      const again = this.#cursor.sent - this.#cursor.settled;
      if (again > 0) log.debug({ store: store.name, again }, 'the store may have restarted: sending again');
      this.#cursor.rewind();
    }
    const entries = journal.readAfter(this.#cursor.sent, this.#size);
    const last = entries.at(-1);
    if (last !== undefined) {
      const rejects = await this.#write(entries, signal);
      this.#count(entries, rejects);
      this.#cursor.acknowledge(last.id, this.#deps.time.monotonic());
      this.#succeeded(entries.length);
    } else if (this.#cursor.sent > this.#cursor.settled) {
      if (await this.#grewWithin(PING_MS, signal)) return;
      await store.ping(signal);
      this.#succeeded(0);
    } else {
      await journal.grown(this.#cursor.sent, signal);
    }
  }

  /** Halves what was refused until each reading that is to blame is found; all others are stored. */
  async #write(entries: JournalEntry[], signal: AbortSignal): Promise<Reject[]> {
    const rejects: Reject[] = [];
    const parts = [entries];
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const outcome = await this.#deps.store.write(part, signal);
      if (outcome.kind === 'stored') {
        this.#accepts = true;
        continue;
      }
      const scope = outcome.kind === 'refused' ? outcome.scope : 'size';
      if (scope === 'request' && !this.#accepts) await this.#tryOne(part, signal);
      const half = part.length >> 1;
      if (scope === 'size') this.#most = Math.max(1, half);
      if (half === 0 || scope === 'all') {
        for (const entry of part) rejects.push({ entry, reason: outcome.reason });
      } else parts.push(part.slice(half), part.slice(0, half));
    }
    return rejects;
  }

  /**
   * A wrong path or parameter is refused with the same status as a bad line, and must not cost a reading. So a
   * store that has taken nothing yet is believed only once it takes a single one, chosen at random.
   */
  async #tryOne(part: JournalEntry[], signal: AbortSignal): Promise<void> {
    const at = Math.floor(this.#random() * part.length);
    const outcome = await this.#deps.store.write(part.slice(at, at + 1), signal);
    this.#accepts = outcome.kind === 'stored';
    if (outcome.kind !== 'stored')
      throw new RetryError(
        `writing to ${this.#deps.store.name}: must take at least one reading before any is left out, but even a single one was refused: ${outcome.reason}`,
        { afterMs: PATIENCE_MS },
      );
  }

  #count(entries: JournalEntry[], rejects: Reject[]): void {
    const { store, log } = this.#deps;
    const isNew = (entry: JournalEntry) => entry.id > this.#judged;
    const newRejects = rejects.filter(({ entry }) => isNew(entry));
    for (const { entry, reason } of newRejects.slice(0, REJECTS_LOGGED)) {
      const { meter, reading } = entry;
      log.warn(
        { store: store.name, meter, seq: reading.seq, time: reading.time, reason },
        'left out a reading that the store refuses',
      );
    }
    const unnamed = newRejects.length - REJECTS_LOGGED;
    if (unnamed > 0) log.warn({ store: store.name }, `left out ${unnamed} more readings of the same request`);
    this.#counts.rejected += newRejects.length;
    this.#counts.written += entries.filter(isNew).length - newRejects.length;
    this.#judged = Math.max(this.#judged, entries.at(-1)?.id ?? 0);
  }

  #succeeded(sent: number): void {
    const { journal, store, time, log } = this.#deps;
    this.#attempt = 0;
    this.#lastSuccess = time.now();
    this.#size = Math.min(this.#most, this.#size * 2);
    // A sign that came meanwhile means that this answer proves nothing about earlier ones.
    if (store.signs === this.#signs) this.#cursor.settle(time.monotonic());
    if (this.#cursor.settled !== this.#saved) {
      journal.saveCursor(store.name, this.#cursor.settled);
      this.#saved = this.#cursor.settled;
    }
    if (this.#outage === undefined) return;
    this.#outage.sent += sent;
    this.#outage.awayMs ??= time.monotonic() - this.#outage.monotonic;
    if (journal.lastId() > this.#cursor.sent) return;
    const seconds = Math.round(this.#outage.awayMs / 100) / 10;
    log.info({ store: store.name, seconds, sent: this.#outage.sent }, 'the store is back and has caught up');
    this.#outage = undefined;
  }

  #failed(error: RetryError): void {
    const { store, time, log } = this.#deps;
    this.#counts.retries += 1;
    this.#lastError = reason(error);
    this.#size = Math.max(1, this.#size >> 1);
    if (this.#outage === undefined) {
      this.#outage = { since: time.now(), monotonic: time.monotonic(), sent: 0, awayMs: undefined };
      log.warn(
        { store: store.name, reason: this.#lastError },
        'the store takes nothing; the journal keeps it',
      );
    }
    // Until it has caught up it is the same outage, and no line more.
    this.#outage.awayMs = undefined;
  }

  /** Waits for a new entry; false when none came within `ms`. */
  async #grewWithin(ms: number, signal: AbortSignal): Promise<boolean> {
    const { journal, time } = this.#deps;
    const done = new AbortController();
    const either = AbortSignal.any([signal, done.signal]);
    const grew = await Promise.race([
      journal.grown(this.#cursor.sent, either).then(() => true),
      time.sleep(ms, either).then(
        () => false,
        () => true,
      ),
    ]);
    done.abort();
    return grew;
  }
}
