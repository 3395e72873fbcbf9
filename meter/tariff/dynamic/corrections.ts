import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import type { Log } from '../../../shared/log.ts';
import type { Tariff } from '../../../shared/settings/schema.ts';
import type { Flow, Pricing } from '../pricing.ts';
import type { Book } from './book.ts';
import { createKeep, type Keep } from './keep.ts';

const QUARTER = 15 * 60_000;
/** ms; a price that changes later than this stays as it was charged. */
const REMEMBERED = 48 * 3_600_000;
/** Quarter hours of that time, and a few that a boundary cuts. */
const MOST = 200;
/** Currency; what is less is rounding. */
const TINY = 1e-9;

const numbers = z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]);
const stateSchema = z.object({ version: z.literal(1), tariff: z.string(), cells: z.array(numbers) });
type State = z.infer<typeof stateSchema>;

/** A stretch within a quarter hour and one price, what flowed in it, and what was charged for that. */
interface Cell {
  from: number;
  to: number;
  /** kWh. */
  import: number;
  export: number;
  /** Currency, by the first tier's price: the part that is published is the same in all. */
  cost: number;
  credit: number;
}

/** What changed prices make of what was charged already; currency to be added. */
export interface Correction {
  cost: number;
  credit: number;
}

/** Remembers what was charged of late, for prices that become known, or are corrected, when it is too late. */
export interface Corrections {
  /** Told of each flow that was charged between two times, ms since 1970 UTC. */
  note(from: number, to: number, flow: Flow): void;
  /** What is to be added to the totals, once; undefined where there is nothing. */
  take(): Correction | undefined;
  /** Keeps what was noted since. */
  save(): void;
}

/** Where what is remembered outlives the process: the file `charges-<meter>.json`. */
export function keepCharges(
  folder: string,
  meter: string,
  deps: { log: Log; now: () => number },
): Keep<State> {
  return createKeep(join(folder, `charges-${meter}.json`), (value) => stateSchema.parse(value), deps);
}

/**
 * @param pricing that of the tariff, over the book.
 * @param keep is written when a quarter hour ends, and before a correction is handed out: a crash may lose
 * the correction of the present quarter or of the moment, but never makes one twice.
 */
export function createCorrections(
  tariff: Tariff,
  { pricing, book }: { pricing: Pick<Pricing, 'split'>; book: Pick<Book, 'revision'> },
  keep: Keep<State>,
): Corrections {
  // Under another tariff nothing of what was charged compares.
  const name = createHash('sha256').update(JSON.stringify(tariff)).digest('hex').slice(0, 16);
  const cells = new Map<string, Cell>();
  const kept = keep.load();
  if (kept?.tariff === name)
    for (const [from, to, bought, sold, cost, credit] of kept.cells)
      cells.set(`${from} ${to}`, { from, to, import: bought, export: sold, cost, credit });
  let seen = -1;
  let quarter = 0;

  const save = () =>
    keep.save({
      version: 1,
      tariff: name,
      cells: [...cells.values()].map((cell) => [
        cell.from,
        cell.to,
        cell.import,
        cell.export,
        cell.cost,
        cell.credit,
      ]),
    });

  const forget = (now: number) => {
    for (const [key, cell] of cells) if (cell.to <= now - REMEMBERED) cells.delete(key);
    const beyond = cells.size - MOST;
    if (beyond <= 0) return;
    const oldest = [...cells].sort(([, a], [, b]) => a.from - b.from).slice(0, beyond);
    for (const [key] of oldest) cells.delete(key);
  };

  return {
    note(from, to, flow) {
      if (flow.import === 0 && flow.export === 0) return;
      const length = to - from;
      // In no time at all it is charged as of the end, as everything is.
      const begin = length > 0 ? Math.max(from, to - REMEMBERED) : to;
      for (let start = begin; ; ) {
        const cell = cellAt(start, pricing);
        const end = Math.min(cell.to, to);
        const share = length > 0 ? (end - start) / length : 1;
        const known = cells.get(`${cell.from} ${cell.to}`) ?? cell;
        known.import += flow.import * share;
        known.export += flow.export * share;
        known.cost += flow.import * share * cell.price;
        known.credit += flow.export * share * cell.exportPrice;
        cells.set(`${cell.from} ${cell.to}`, known);
        if (end >= to) break;
        start = end;
      }
      const current = Math.floor(to / QUARTER);
      if (current === quarter) return;
      quarter = current;
      forget(to);
      save();
    },

    take() {
      if (book.revision === seen) return undefined;
      seen = book.revision;
      const correction = { cost: 0, credit: 0 };
      for (const cell of cells.values()) {
        const now = charged(cell, pricing);
        correction.cost += now.cost - cell.cost;
        correction.credit += now.credit - cell.credit;
        cell.cost = now.cost;
        cell.credit = now.credit;
      }
      if (Math.abs(correction.cost) < TINY && Math.abs(correction.credit) < TINY) return undefined;
      save();
      return correction;
    },

    save,
  };
}

/** The stretch of one price, within a quarter hour, that holds a moment; nothing flowed in it yet. */
function cellAt(
  time: number,
  pricing: Pick<Pricing, 'split'>,
): Cell & { price: number; exportPrice: number } {
  const from = Math.floor(time / QUARTER) * QUARTER;
  const slices = pricing.split(from, from + QUARTER);
  const slice = slices.find(({ to }) => to > time);
  return {
    from: slice?.from ?? from,
    to: slice?.to ?? from + QUARTER,
    import: 0,
    export: 0,
    cost: 0,
    credit: 0,
    price: slice?.price ?? 0,
    exportPrice: slice?.exportPrice ?? 0,
  };
}

/** What a cell's flow costs by what is known now. */
function charged(cell: Cell, pricing: Pick<Pricing, 'split'>): Correction {
  const total = { cost: 0, credit: 0 };
  for (const { from, to, price, exportPrice = 0 } of pricing.split(cell.from, cell.to)) {
    const share = (to - from) / (cell.to - cell.from);
    total.cost += cell.import * share * price;
    total.credit += cell.export * share * exportPrice;
  }
  return total;
}
