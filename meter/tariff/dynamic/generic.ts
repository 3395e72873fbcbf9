import type { PriceMapping } from '../../../shared/settings/dynamic.ts';
import { OPEN_END, orderly, type Parsed } from './entry.ts';
import { at, numberOf, shown } from './json.ts';
import { createTimes } from './times.ts';

/**
 * A document that the settings describe. Its list may be an array of entries; an object, whose names and
 * values are then `key` and `value` of the entries; or an object of columns, `{from: […], price: […]}`.
 *
 * @param zone IANA name, of times that name none.
 */
export function parseGeneric(document: unknown, mapping: PriceMapping, zone: string): Parsed {
  const rows = rowsOf(at(document, mapping.list), mapping);
  if (rows === undefined) {
    const where = mapping.list === '' ? 'the document' : mapping.list;
    return { entries: [], problems: [`${where} must be a list of prices, got ${shown(document)}`] };
  }
  const timesOf = createTimes(zone, isDescending(rows, zone));
  return orderly(
    rows.map(({ from, to, price, text }) => {
      const span = timesOf(from, to);
      // An end that is told as null is none yet; one that cannot be read must not pass for that.
      const end = to === null ? OPEN_END : to === undefined ? undefined : (span.to ?? Number.NaN);
      return { from: span.from, to: end, price: numberOf(price), text };
    }),
  );
}

interface Row {
  from: unknown;
  to: unknown;
  price: unknown;
  text: string;
}

function rowsOf(list: unknown, { from, to, price }: PriceMapping): Row[] | undefined {
  if (Array.isArray(list)) {
    return list.map((entry) => ({
      from: at(entry, from),
      to: to === undefined ? undefined : at(entry, to),
      price: at(entry, price),
      text: shown(entry),
    }));
  }
  if (list === null || typeof list !== 'object') return undefined;
  const starts = at(list, from);
  const prices = at(list, price);
  if (Array.isArray(starts) && Array.isArray(prices)) {
    const ends = to === undefined ? undefined : at(list, to);
    return starts.map((start, index) => ({
      from: start,
      to: Array.isArray(ends) ? ends[index] : undefined,
      price: prices[index],
      text: shown([start, prices[index]]),
    }));
  }
  const pairs = Object.entries(list).map(([key, value]) => ({ key, value }));
  return rowsOf(pairs, { list: '', from, to, price });
}

function isDescending(rows: readonly Row[], zone: string): boolean {
  const startOf = (row: Row | undefined) => createTimes(zone, false)(row?.from).from ?? 0;
  return startOf(rows[0]) > startOf(rows.at(-1));
}
