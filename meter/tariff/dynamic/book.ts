import type { PriceBook, Published } from '../pricing.ts';
import { type Entry, firstEndingAfter, lay } from './entry.ts';

/** What a price is for: a kWh taken in, or one fed out. */
export type Side = 'import' | 'export';

/** Every price that is known, in order; currency per kWh. */
export type Known = Record<Side, readonly Entry[]>;

/** ms; `tariff cost` looks back a year, and compares it with the one before. */
const KEPT = 400 * 24 * 3_600_000;
/** Prices of every five minutes for as long; what is beyond is the oldest. */
const MOST = 120_000;
/** ms that what a meter tells holds, unless it tells another price. */
const TOLD_HOLDS = 24 * 3_600_000;

/** What was published so far, and told by the meter. What is learned later takes the place of what was before. */
export class Book implements PriceBook {
  readonly #entries: Record<Side, Entry[]>;
  #revision = 0;
  #changes = 0;

  constructor(known: Known = { import: [], export: [] }) {
    this.#entries = { import: [...known.import], export: [...known.export] };
  }

  get known(): Known {
    return this.#entries;
  }

  /** Rises whenever a price becomes another, or known. */
  get revision(): number {
    return this.#revision;
  }

  /** Rises whenever anything is to be kept anew. */
  get changes(): number {
    return this.#changes;
  }

  /** @param now wall clock, ms since 1970 UTC: what is much older is forgotten. */
  learn(side: Side, published: readonly Entry[], now: number): void {
    const entries = this.#entries[side];
    for (const entry of published) {
      if (isHeld(entries, entry)) continue;
      lay(entries, entry);
      this.#revision += 1;
      this.#changes += 1;
    }
    forget(entries, now);
  }

  /** What the meter says a kWh costs at this moment, ms since 1970 UTC, and until it says another. */
  tell(price: number, now: number): void {
    if (!Number.isFinite(price)) return;
    const entries = this.#entries.import;
    const held = entries[firstEndingAfter(entries, now)];
    const isNews = held === undefined || held.from > now || held.price !== price;
    // The same again changes nothing but how long it holds; that needs no keeping each time.
    const from = isNews ? now : held.from;
    if (isNews || held.to - now < TOLD_HOLDS / 2) {
      lay(entries, { from, to: now + TOLD_HOLDS, price });
      this.#changes += 1;
    }
    if (isNews) this.#revision += 1;
    forget(entries, now);
  }

  at(time: number): Published | undefined {
    const bought = around(this.#entries.import, time);
    const sold = around(this.#entries.export, time);
    if (bought.price === undefined && sold.price === undefined) return undefined;
    return {
      from: Math.max(bought.from, sold.from),
      to: Math.min(bought.to, sold.to),
      ...(bought.price === undefined ? {} : { price: bought.price }),
      ...(sold.price === undefined ? {} : { exportPrice: sold.price }),
    };
  }

  next(time: number): number {
    const starts = [this.#entries.import, this.#entries.export].map((entries) => {
      const first = entries[firstEndingAfter(entries, time)];
      if (first === undefined || first.from > time) return first?.from;
      return entries[firstEndingAfter(entries, first.to)]?.from;
    });
    return Math.min(...starts.map((start) => start ?? Number.POSITIVE_INFINITY));
  }

  /** Whether every moment of [from, to) has a price. */
  covers(side: Side, from: number, to: number): boolean {
    const entries = this.#entries[side];
    let known = from;
    for (let index = firstEndingAfter(entries, from); known < to; index += 1) {
      const entry = entries[index];
      if (entry === undefined || entry.from > known) return false;
      known = entry.to;
    }
    return true;
  }

  /** Until when prices are known without a hole, from a moment on; that moment where none is. */
  knownUntil(side: Side, time: number): number {
    const entries = this.#entries[side];
    let known = time;
    for (let index = firstEndingAfter(entries, time); ; index += 1) {
      const entry = entries[index];
      if (entry === undefined || entry.from > known) return known;
      known = entry.to;
    }
  }
}

/** The entry that holds a moment, or the hole around it, which has no price. */
function around(entries: readonly Entry[], time: number): { from: number; to: number; price?: number } {
  const index = firstEndingAfter(entries, time);
  const entry = entries[index];
  if (entry !== undefined && entry.from <= time) return entry;
  return {
    from: entries[index - 1]?.to ?? Number.NEGATIVE_INFINITY,
    to: entry?.from ?? Number.POSITIVE_INFINITY,
  };
}

/** Whether the list says the same of that stretch already. */
function isHeld(entries: readonly Entry[], { from, to, price }: Entry): boolean {
  const held = entries[firstEndingAfter(entries, from)];
  return held !== undefined && held.from <= from && held.to >= to && held.price === price;
}

function forget(entries: Entry[], now: number): void {
  const old = firstEndingAfter(entries, now - KEPT);
  entries.splice(0, Math.max(old, entries.length - MOST));
}
