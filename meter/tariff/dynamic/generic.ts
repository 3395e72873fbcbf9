import type { PriceMapping } from '../../../shared/settings/dynamic.ts';
import { OPEN_END, orderly, type Parsed } from './entry.ts';
import { at, priceOf, shown } from './json.ts';
import { createTimes } from './times.ts';

const MINUTE = 60_000;
/** ms; so far from a whole minute a time still means it. */
const BESIDE = 1000;

/**
 * A document that the settings describe. A list may be an array of entries; an object, whose names and
 * values are then `key` and `value` of the entries; or an object of columns, `{from: […], price: […]}`.
 * Times are whole minutes: intervals from 00:00:01, or to 00:29:59, leave no hole between them.
 *
 * @param zone IANA name, of times that name none.
 */
export function parseGeneric(document: unknown, mapping: PriceMapping, zone: string): Parsed {
  const { list, only = {} } = mapping;
  const lists = [list].flat().map((path) => ({ path, rows: rowsOf(at(document, path), mapping) }));
  const all = lists.flatMap(({ rows: found = [] }) => found);
  // Of several, one may not be there yet, such as tomorrow's.
  if (lists.every((found) => found.rows === undefined)) {
    const where = lists.map(({ path }) => path || 'the document').join(' or ');
    return { entries: [], problems: [`${where} must be a list of prices, got ${shown(document)}`] };
  }
  const wanted = Object.entries(only);
  const rows = all.filter(({ entry }) => wanted.every(([path, value]) => at(entry, path) === value));
  if (rows.length === 0 && all.length > 0)
    return { entries: [], problems: [`an entry must have ${shown(only)}, got ${shown(all[0]?.entry)}`] };
  const timesOf = createTimes(zone, isDescending(rows, zone));
  return orderly(
    rows.map(({ entry, from, to, price }) => {
      const span = timesOf(from, to);
      // An end that is told as null is none yet; one that cannot be read must not pass for that.
      const end = to === null ? OPEN_END : to === undefined ? undefined : (span.to ?? Number.NaN);
      return { from: toMinute(span.from), to: toMinute(end), price: priceOf(price), text: shown(entry) };
    }),
  );
}

function toMinute(time: number | undefined): number | undefined {
  if (time === undefined) return undefined;
  const minute = Math.round(time / MINUTE) * MINUTE;
  return Math.abs(time - minute) <= BESIDE ? minute : time;
}

interface Row {
  /** All of it. */
  entry: unknown;
  from: unknown;
  to: unknown;
  price: unknown;
}

type Paths = Pick<PriceMapping, 'from' | 'to' | 'price'>;

function rowsOf(list: unknown, { from, to, price }: Paths): Row[] | undefined {
  if (Array.isArray(list)) {
    return list.map((entry) => ({
      entry,
      from: at(entry, from),
      to: to === undefined ? undefined : at(entry, to),
      price: at(entry, price),
    }));
  }
  if (list === null || typeof list !== 'object') return undefined;
  const starts = at(list, from);
  const prices = at(list, price);
  if (Array.isArray(starts) && Array.isArray(prices)) {
    const ends = to === undefined ? undefined : at(list, to);
    return starts.map((start, index) => ({
      entry: [start, prices[index]],
      from: start,
      to: Array.isArray(ends) ? ends[index] : undefined,
      price: prices[index],
    }));
  }
  const pairs = Object.entries(list).map(([key, value]) => ({ key, value }));
  return rowsOf(pairs, to === undefined ? { from, price } : { from, to, price });
}

function isDescending(rows: readonly Row[], zone: string): boolean {
  const startOf = (row: Row | undefined) => createTimes(zone, false)(row?.from).from ?? 0;
  return startOf(rows[0]) > startOf(rows.at(-1));
}
