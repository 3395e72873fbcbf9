import type { Journal } from '../journal/journal.ts';
import type { Payload } from './encoder.ts';
import type { Span } from './spans.ts';
import type { Store } from './store.ts';

/** What one request carries: all that the journal has of `span`. */
export interface Batch {
  span: Span;
  /** Of its entries, which are not kept themselves: hundreds of megabytes would wait for the next collection. */
  ids: number[];
  payload: Payload;
}

/** Entries read at a time: so few that they are gone from memory before the next are read. */
const SLICE = 100;

/** Reads a span from its lower end, at most `most` entries. */
export async function readBatch(
  journal: Pick<Journal, 'readAfter'>,
  store: Store,
  { after, upTo }: Span,
  most: number,
): Promise<Batch> {
  const ids: number[] = [];
  let reached = after;
  function* slices() {
    while (ids.length < most && reached < upTo) {
      const limit = Math.min(SLICE, most - ids.length);
      const entries = journal.readAfter(reached, limit).filter(({ id }) => id <= upTo);
      for (const { id } of entries) ids.push(id);
      // Fewer than asked for: the journal has no more of the span.
      reached = entries.length < limit ? upTo : (ids.at(-1) ?? upTo);
      yield entries;
    }
  }
  const payload = await store.encode(slices());
  return { span: { after, upTo: reached }, ids, payload };
}
