import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Log } from '../../../shared/log.ts';
import type { Dynamic } from '../../../shared/settings/dynamic.ts';
import type { Tariff } from '../../../shared/settings/schema.ts';
import type { Known, Side } from './book.ts';
import type { Entry } from './entry.ts';
import { createKeep, peek } from './keep.ts';

const kept = z.array(z.tuple([z.number(), z.number(), z.number()]));
const side = z.object({
  /** Names where the prices are from. */
  source: z.string(),
  entries: kept,
});
const cacheSchema = z.object({
  version: z.literal(1),
  /** Names what the prices were asked for by, all of it. */
  terms: z.string().default(''),
  import: side,
  export: side,
});
type Cached = z.infer<typeof cacheSchema>;

/** What of a tariff tells which prices it has. */
export type DynamicTariff = Pick<Tariff, 'zone' | 'currency'> & { dynamic: Dynamic };

/** Published prices on disk, so that a start without a network has them, and `tariff cost` the past. */
export interface Cache {
  load(): Known;
  save(known: Known): void;
}

/**
 * The file `prices-<meter>.json`, of the first meter of those that have their prices in common.
 * @param tariff prices of another source than the one they were kept from are not loaded.
 */
export function createCache(
  { folder, meter }: { folder: string; meter: string },
  tariff: DynamicTariff,
  deps: { log: Log; now: () => number },
): Cache {
  const keep = createKeep(join(folder, fileOf(meter)), check, deps);
  return {
    load() {
      // One that is damaged is set aside, whatever others there are.
      keep.load();
      return peekCache(folder, meter, tariff);
    },
    save(known) {
      const sideOf = (name: Side): z.infer<typeof side> => ({
        source: sourceOf(tariff.dynamic, name),
        entries: known[name].map(({ from, to, price }) => [from, to, price]),
      });
      const terms = termsOf(tariff, meter);
      keep.save({ version: 1, terms, import: sideOf('import'), export: sideOf('export') });
    },
  };
}

/**
 * What meters have kept for a tariff, for whoever must leave it as it is: the newest of the meter's own, and of
 * those that were asked for in the same terms.
 * @param meter undefined for a tariff that is no meter's.
 */
export function peekCache(folder: string, meter: string | undefined, tariff: DynamicTariff): Known {
  const terms = termsOf(tariff, meter);
  const sources = { import: sourceOf(tariff.dynamic, 'import'), export: sourceOf(tariff.dynamic, 'export') };
  for (const file of cachesOf(folder)) {
    const cached = peek(join(folder, file), check);
    const isOwn = meter !== undefined && file === fileOf(meter);
    if (cached === undefined || (!isOwn && cached.terms !== terms)) continue;
    const entriesOf = (name: Side): Entry[] =>
      cached[name].source === sources[name]
        ? inOrder(cached[name].entries.map(([from, to, price]) => ({ from, to, price })))
        : [];
    return { import: entriesOf('import'), export: entriesOf('export') };
  }
  return { import: [], export: [] };
}

/**
 * Names what prices are asked for by: tariffs that have it in common have their prices in common. What the
 * meter itself tells is its own.
 */
export function termsOf({ dynamic, zone, currency }: DynamicTariff, meter: string | undefined): string {
  const { import: bought, export: sold, meter: isTold } = dynamic;
  return hashOf([bought, sold, zone, currency, isTold && meter]);
}

function check(value: unknown): Cached {
  return cacheSchema.parse(value);
}

function fileOf(meter: string): string {
  return `prices-${meter}.json`;
}

/** The files of a folder, the newest first; none where it cannot be read. */
function cachesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => /^prices-.*\.json$/.test(file))
      .map((file) => ({ file, time: statSync(join(folder, file)).mtimeMs }))
      .sort((a, b) => b.time - a.time)
      .map(({ file }) => file);
  } catch {
    return [];
  }
}

/** What is added to a price may change with a new year, and what was paid before stays what it was. */
function sourceOf(dynamic: Dynamic, name: Side): string {
  const { file, url, shape, area, mapping, multiply } = dynamic[name] ?? {};
  const told = name === 'import' && dynamic.meter;
  return hashOf([file, url, shape, area, mapping, multiply, told]);
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** A file that somebody has edited may hold anything. */
function inOrder(entries: Entry[]): Entry[] {
  let end = Number.NEGATIVE_INFINITY;
  return entries.filter(({ from, to }) => {
    if (from < end || to <= from) return false;
    end = to;
    return true;
  });
}
