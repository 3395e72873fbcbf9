import type { JournalEntry } from '../agent/journal/journal.ts';
import type { JournalReader } from '../agent/journal/reader.ts';
import { lineProtocol } from '../agent/stores/line-protocol.ts';
import { GiveUpError } from '../shared/errors.ts';

type Source = Pick<JournalReader, 'readBetween'>;

export interface Range {
  /** ms since 1970 UTC; from included, to not. */
  from: number;
  to: number;
}

/** Readings that are held in memory at once. */
const CHUNK = 1000;

/** All entries of the range in the order of their arrival, a chunk at a time. */
function* chunks(journal: Source, { from, to }: Range): Generator<JournalEntry[]> {
  for (let after = 0; ; ) {
    const entries = journal.readBetween(from, to, after, CHUNK);
    const last = entries.at(-1);
    if (last === undefined) return;
    yield entries;
    after = last.id;
  }
}

/**
 * The readings of the range as text, some lines at a time.
 * @throws GiveUpError with exit code 2 for an unknown format or layout.
 */
export function exportLines(
  journal: Source,
  range: Range,
  { format = 'csv', layout = 'default' }: { format?: string | undefined; layout?: string | undefined },
): Generator<string> {
  if (layout !== 'default' && layout !== 'classic')
    throw new GiveUpError(`exporting: --layout must be default or classic, got ${layout}`, 2);
  switch (format) {
    case 'csv':
      return csv(journal, range);
    case 'jsonl':
      return eachEntry(journal, range, (entry) => [JSON.stringify(flat(entry))]);
    case 'line':
      return eachEntry(journal, range, (entry) => lineProtocol(entry, layout));
    default:
      throw new GiveUpError(`exporting: --format must be csv, jsonl or line, got ${format}`, 2);
  }
}

function* eachEntry(
  journal: Source,
  range: Range,
  linesOf: (entry: JournalEntry) => string[],
): Generator<string> {
  for (const entries of chunks(journal, range)) {
    const lines = entries.flatMap(linesOf);
    if (lines.length > 0) yield `${lines.join('\n')}\n`;
  }
}

/** RFC 4180 with a heading. How many phases there are only the readings know: they are read twice. */
function* csv(journal: Source, range: Range): Generator<string> {
  const columns = new Set<string>();
  for (const entries of chunks(journal, range))
    for (const entry of entries) for (const key in flat(entry)) columns.add(key);
  const names = [...columns];
  yield `${names.join(',')}\r\n`;
  for (const entries of chunks(journal, range)) {
    const rows = entries.map((entry) => {
      const values = flat(entry);
      return names.map((name) => cell(values[name])).join(',');
    });
    yield `${rows.join('\r\n')}\r\n`;
  }
}

/** With what tells a reading from all others in front. */
function flat({ meter, reading: { time, epoch, seq, ...rest } }: JournalEntry): Record<string, unknown> {
  return { time, meter, epoch, seq, ...rest };
}

function cell(value: unknown): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
