import { RetryError } from '../../shared/errors.ts';
import type { Journal, JournalEntry } from '../journal/journal.ts';
import { type Batch, readBatch } from './batch.ts';
import { PATIENCE_MS } from './classify.ts';
import type { Span } from './spans.ts';
import type { Store } from './store.ts';

/** An entry that a store refuses for good, and its words. */
export interface Reject {
  entry: JournalEntry;
  reason: string;
}

interface SieveDeps {
  journal: Pick<Journal, 'readAfter'>;
  store: Store;
  /** Entries a request may carry. */
  batch: number;
  /** In [0, 1). */
  random: () => number;
}

/** Gives a store its entries, and finds those that it refuses. */
export class Sieve {
  readonly #deps: SieveDeps;
  #accepts = false;
  #most: number;

  constructor(deps: SieveDeps) {
    this.#deps = deps;
    this.#most = deps.batch;
  }

  /** Entries a request may carry; lowered for good by a store that calls it too large. */
  get most(): number {
    return this.#most;
  }

  /**
   * Halves what was refused until each entry that is to blame is found; all others are stored.
   * @throws RetryError when the same may succeed later.
   */
  async write(batch: Batch, signal: AbortSignal): Promise<Reject[]> {
    const rejects: Reject[] = [];
    const spans: Span[] = [];
    for (let part: Batch | undefined = batch; part; part = await this.#read(spans.pop())) {
      const outcome = await this.#deps.store.write(part.payload, signal);
      if (outcome.kind === 'stored') {
        this.#accepts = true;
        continue;
      }
      const scope = outcome.kind === 'refused' ? outcome.scope : 'size';
      if (scope === 'request' && !this.#accepts) await this.#tryOne(part, signal);
      const half = part.ids.length >> 1;
      if (scope === 'size') this.#most = Math.max(1, half);
      if (half === 0 || scope === 'all') {
        for (const entry of this.#entries(part)) rejects.push({ entry, reason: outcome.reason });
      } else {
        const { after, upTo } = part.span;
        const middle = part.ids[half - 1] ?? upTo;
        spans.push({ after: middle, upTo }, { after, upTo: middle });
      }
    }
    return rejects;
  }

  async #read(span: Span | undefined): Promise<Batch | undefined> {
    const { journal, store } = this.#deps;
    return span && readBatch(journal, store, span, Number.POSITIVE_INFINITY);
  }

  #entries({ span, ids }: Batch): JournalEntry[] {
    return this.#deps.journal.readAfter(span.after, ids.length).filter(({ id }) => id <= span.upTo);
  }

  /**
   * A wrong path or parameter is refused with the same status as a bad line, and must not cost a reading. So a
   * store that has taken nothing yet is believed only once it takes a single one, chosen at random.
   */
  async #tryOne({ ids }: Batch, signal: AbortSignal): Promise<void> {
    const { journal, store, random } = this.#deps;
    const id = ids[Math.floor(random() * ids.length)] ?? 0;
    const one = await readBatch(journal, store, { after: id - 1, upTo: id }, 1);
    const outcome = await store.write(one.payload, signal);
    this.#accepts = outcome.kind === 'stored';
    if (outcome.kind !== 'stored')
      throw new RetryError(
        `writing to ${store.name}: must take at least one reading before any is left out, but even a single one was refused: ${outcome.reason}`,
        { afterMs: PATIENCE_MS },
      );
  }
}
