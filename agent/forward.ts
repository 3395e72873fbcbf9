import { setImmediate } from 'node:timers/promises';
import { type Backoff, exponential } from '../shared/backoff.ts';
import { RetryError, reason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { Time } from '../shared/time.ts';
import type { Journal } from './journal/journal.ts';
import { type Batch, readBatch } from './stores/batch.ts';
import { PATIENCE_MS } from './stores/classify.ts';
import { Cursor } from './stores/cursor.ts';
import { Sieve } from './stores/sieve.ts';
import type { Span } from './stores/spans.ts';
import type { Store } from './stores/store.ts';
import { type Tallied, Tally } from './stores/tally.ts';

export interface ForwardStatus extends Tallied {
  name: string;
  /** Journalled readings that the store has still to be given. */
  lag: number;
}

interface ForwardDeps {
  journal: Pick<Journal, 'readAfter' | 'grown' | 'lastId' | 'cursor' | 'saveCursor' | 'bury'>;
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

/** Feeds one store from the journal. One loop per store, so that a dead one stalls no other. */
export class Forwarder {
  readonly #deps: ForwardDeps;
  readonly #backoff: Backoff;
  readonly #sieve: Sieve;
  readonly #tally: Tally;
  /** Undefined until the journal could be read. */
  #cursor: Cursor | undefined;
  /** Entries the next request carries: halved by a failure, so that a slow store can catch up. */
  #size: number;
  /** Read and prepared while the request before it was on its way. */
  #ahead: Batch | undefined;
  /** The settled entry that is on disk. */
  #saved: number | undefined;
  /** The store's `signs` when the cursor was last known to be right. */
  #signs: number;
  #attempt = 0;

  constructor(deps: ForwardDeps) {
    const { store, batch, random = Math.random } = deps;
    this.#deps = deps;
    // A store that returns is noticed and fed within a second.
    this.#backoff = exponential(100, 800, random);
    this.#sieve = new Sieve({ ...deps, random });
    this.#tally = new Tally(store.name, deps);
    this.#signs = store.signs;
    this.#size = batch;
  }

  status(): ForwardStatus {
    const { journal, store } = this.#deps;
    const last = journal.lastId();
    return { name: store.name, ...this.#tally.read(), lag: this.#cursor?.missing(last) ?? last };
  }

  /** Runs until the signal aborts. What has not settled by then is sent again by the next run. */
  async run(signal: AbortSignal): Promise<void> {
    const { time } = this.#deps;
    while (!signal.aborted) {
      const began = time.monotonic();
      try {
        await this.#step(signal);
      } catch (error) {
        if (signal.aborted) return;
        const failure = error instanceof RetryError ? error : this.#ownFailure(error);
        this.#failed(failure);
        // Whoever let us wait for the failure has been left alone for that long already.
        const backoff = this.#backoff(this.#attempt++) - (time.monotonic() - began);
        await time.sleep(Math.max(failure.afterMs ?? 0, backoff), signal).catch(() => {});
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
    const { journal, store, time } = this.#deps;
    const cursor = this.#openCursor();
    this.#heedSigns(cursor);
    const span = cursor.next(journal.lastId(), this.#size);
    if (span === undefined) {
      await this.#idle(cursor, signal);
      return;
    }
    const batch = await this.#take(span);
    const sent = batch.ids.length;
    if (sent > 0) {
      const writing = this.#sieve.write(batch, signal);
      const looking = this.#lookAhead(batch.span, span);
      const rejects = await writing.finally(() => looking);
      // Nothing is passed over that is not buried: should the disk refuse it, all of the batch is sent again.
      if (rejects.length > 0) journal.bury(store.name, rejects);
      this.#tally.judged(batch, rejects);
    }
    cursor.acknowledge(batch.span, time.monotonic());
    if (sent > 0) this.#succeeded(cursor, sent);
  }

  #openCursor(): Cursor {
    const { journal, store, settleMs } = this.#deps;
    this.#saved ??= journal.cursor(store.name);
    this.#cursor ??= new Cursor(this.#saved, settleMs);
    return this.#cursor;
  }

  #heedSigns(cursor: Cursor): void {
    const { store, log } = this.#deps;
    if (store.signs === this.#signs) return;
    this.#signs = store.signs;
    const again = cursor.doubtful;
    if (again > 0) log.debug({ store: store.name, again }, 'the store may have restarted: sending again');
    cursor.rewind();
  }

  async #take(span: Span): Promise<Batch> {
    const ahead = this.#ahead;
    if (ahead === undefined || ahead.span.after !== span.after || ahead.span.upTo > span.upTo)
      return this.#read(span);
    this.#ahead = undefined;
    return ahead;
  }

  #read(span: Span): Promise<Batch> {
    const { journal, store } = this.#deps;
    return readBatch(journal, store, span, this.#size);
  }

  /** Prepares what follows `sent` in `whole`, in the time that the store takes for its answer. */
  async #lookAhead(sent: Span, whole: Span): Promise<void> {
    if (sent.upTo >= whole.upTo || this.#ahead?.span.after === sent.upTo) return;
    await setImmediate();
    try {
      this.#ahead = await this.#read({ after: sent.upTo, upTo: whole.upTo });
    } catch {
      // Fails again, and is told, when it is its turn.
    }
  }

  async #idle(cursor: Cursor, signal: AbortSignal): Promise<void> {
    const { journal, store } = this.#deps;
    if (cursor.doubtful === 0) {
      await journal.grown(cursor.newest, signal);
    } else if (!(await this.#grewWithin(PING_MS, cursor.newest, signal))) {
      await store.ping(signal);
      this.#succeeded(cursor, 0);
    }
  }

  #succeeded(cursor: Cursor, sent: number): void {
    const { journal, store, time } = this.#deps;
    this.#attempt = 0;
    this.#size = Math.min(this.#sieve.most, this.#size * 2);
    // A sign that came meanwhile means that this answer proves nothing about earlier ones.
    if (store.signs === this.#signs) cursor.settle(time.monotonic());
    this.#save(cursor.settled);
    this.#tally.succeeded(sent, cursor.missing(journal.lastId()) === 0);
  }

  /** What could not be saved is saved later; a restart before that sends more again, no worse. */
  #save(settled: number): void {
    if (settled === this.#saved) return;
    const { journal, store } = this.#deps;
    try {
      journal.saveCursor(store.name, settled);
      this.#saved = settled;
      this.#tally.saved();
    } catch (error) {
      this.#tally.unsaved(reason(error));
    }
  }

  #failed(error: RetryError): void {
    this.#size = Math.max(1, this.#size >> 1);
    this.#ahead = undefined;
    this.#tally.failed(reason(error));
  }

  /** Waits for an entry after `id`; false when none came within `ms`. */
  async #grewWithin(ms: number, id: number, signal: AbortSignal): Promise<boolean> {
    const { journal, time } = this.#deps;
    const done = new AbortController();
    const either = AbortSignal.any([signal, done.signal]);
    const grew = await Promise.race([
      journal.grown(id, either).then(() => true),
      time.sleep(ms, either).then(
        () => false,
        () => true,
      ),
    ]);
    done.abort();
    return grew;
  }
}
