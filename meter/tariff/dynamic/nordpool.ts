import { orderly, type Parsed, type Raw } from './entry.ts';
import { at, listAt, numberOf, priceOf, shown } from './json.ts';
import { createTimes } from './times.ts';

/** Times without an offset are Central European. */
const ZONE = 'Europe/Oslo';

/** Of the market's own resolution, and of the indices, which have an hour's mean as well. */
const LISTS = ['multiAreaEntries', 'multiIndexEntries'];

/**
 * Day-ahead prices of Nord Pool, per MWh. Of its data portal: `multiAreaEntries[]`, or `multiIndexEntries[]`,
 * of `{deliveryStart, deliveryEnd, entryPerArea: {NO1: 123.45}}`. Of the pages before that: `data.Rows[]` of
 * `{StartTime, EndTime, Columns: [{Name: "NO1", Value: "1 234,56"}]}`, among them rows of sums.
 */
export function parseNordpool(document: unknown, area: string): Parsed & { currency?: string } {
  const isOlder = Array.isArray(at(document, 'data.Rows'));
  if (!isOlder && !LISTS.some((list) => Array.isArray(at(document, list))))
    return {
      entries: [],
      problems: [`the document must have a list ${LISTS.join(' or ')}, got ${shown(document)}`],
    };
  const { raws, areas } = isOlder ? older(document, area) : portal(document, area);
  const missing =
    areas.length > 0 && !areas.includes(area)
      ? [`the area must be one of ${areas.join(', ')}, got ${area}`]
      : [];
  const { entries, problems } = orderly(raws);
  const currency = at(document, 'currency');
  return {
    entries,
    problems: [...missing, ...problems],
    ...(typeof currency === 'string' ? { currency } : {}),
  };
}

interface Found {
  raws: Raw[];
  /** Those that the document has prices of. */
  areas: string[];
}

function portal(document: unknown, area: string): Found {
  const list = LISTS.flatMap((name) => listAt(document, name));
  const timesOf = createTimes(ZONE, false);
  const known = list.filter((entry) => at(at(entry, 'entryPerArea'), area) !== undefined);
  return {
    raws: known.map((entry) => ({
      ...timesOf(at(entry, 'deliveryStart'), at(entry, 'deliveryEnd')),
      price: priceOf(at(at(entry, 'entryPerArea'), area)),
      text: shown(entry),
    })),
    areas: [...new Set(list.flatMap((entry) => Object.keys(Object(at(entry, 'entryPerArea')))))],
  };
}

function older(document: unknown, area: string): Found {
  const rows = listAt(document, 'data.Rows').filter((row) => at(row, 'IsExtraRow') !== true);
  const timesOf = createTimes(ZONE, false);
  const columns = rows.flatMap((row) => listAt(row, 'Columns').map((column) => ({ row, column })));
  const wanted = columns.filter(({ column }) => at(column, 'Name') === area && at(column, 'Value') !== '-');
  return {
    raws: wanted.map(({ row, column }) => ({
      ...timesOf(at(row, 'StartTime'), at(row, 'EndTime')),
      // Thousands are set apart by a space.
      price: numberOf(String(at(column, 'Value')).replaceAll(/\s/g, '')),
      text: shown(column),
    })),
    areas: [...new Set(columns.map(({ column }) => String(at(column, 'Name'))))],
  };
}
