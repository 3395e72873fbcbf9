import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import type { Log } from '../../../shared/log.ts';
import type { Dynamic } from '../../../shared/settings/dynamic.ts';
import type { Known, Side } from './book.ts';
import type { Entry } from './entry.ts';
import { createKeep, peek } from './keep.ts';

const kept = z.array(z.tuple([z.number(), z.number(), z.number()]));
const side = z.object({
  /** Names where the prices are from. */
  source: z.string(),
  entries: kept,
});
const cacheSchema = z.object({ version: z.literal(1), import: side, export: side });

/** The prices of one meter on disk, so that a start without a network has them, and `tariff cost` the past. */
export interface Cache {
  load(): Known;
  save(known: Known): void;
}

/** @param dynamic prices of another source than the one they were kept from are not loaded. */
export function createCache(
  folder: string,
  meter: string,
  dynamic: Dynamic,
  deps: { log: Log; now: () => number },
): Cache {
  const keep = createKeep(pathOf(folder, meter), (value) => cacheSchema.parse(value), deps);
  return {
    load: () => knownOf(keep.load(), dynamic),
    save(known) {
      const sideOf = (name: Side): z.infer<typeof side> => ({
        source: sourceOf(dynamic, name),
        entries: known[name].map(({ from, to, price }) => [from, to, price]),
      });
      keep.save({ version: 1, import: sideOf('import'), export: sideOf('export') });
    },
  };
}

/** What a meter's process has kept, for another one to look at. */
export function peekCache(folder: string, meter: string, dynamic: Dynamic): Known {
  return knownOf(
    peek(pathOf(folder, meter), (value) => cacheSchema.parse(value)),
    dynamic,
  );
}

function pathOf(folder: string, meter: string): string {
  return join(folder, `prices-${meter}.json`);
}

function knownOf(cached: z.infer<typeof cacheSchema> | undefined, dynamic: Dynamic): Known {
  const entriesOf = (name: Side): Entry[] => {
    if (cached?.[name].source !== sourceOf(dynamic, name)) return [];
    return inOrder(cached[name].entries.map(([from, to, price]) => ({ from, to, price })));
  };
  return { import: entriesOf('import'), export: entriesOf('export') };
}

/** What is added to a price may change with a new year, and what was paid before stays what it was. */
function sourceOf(dynamic: Dynamic, name: Side): string {
  const { file, url, shape, area, mapping, multiply } = dynamic[name] ?? {};
  const told = name === 'import' && dynamic.meter;
  return createHash('sha256')
    .update(JSON.stringify([file, url, shape, area, mapping, multiply, told]))
    .digest('hex')
    .slice(0, 16);
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
