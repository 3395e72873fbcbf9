import type { Reading, Watermark } from '../../shared/wire.ts';

/** A reading as it arrived, and the meter it came from. */
export interface Arrival {
  meter: string;
  reading: Reading;
}

/** A journalled reading; `id` counts arrivals in this journal, ascending. */
export interface JournalEntry extends Arrival {
  id: number;
}

/** A watermark that the meter itself vouches for: all below was stored or will never come. */
export type Floor = Watermark & { meter: string };
