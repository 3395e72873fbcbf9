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

/** Reads all entries of the range in the order of their arrival, a chunk at a time. */
type Read = () => Iterable<JournalEntry[]>;

/**
 * The readings of the range as text, some lines at a time.
 * @param progress is told how many readings were read so far, in all passes.
 * @returns also how many passes it takes.
 * @throws GiveUpError with exit code 2 for an unknown format or layout.
 */
export function exportLines(
  journal: Source,
  { from, to, isWanted = () => true }: Range & { isWanted?: (entry: JournalEntry) => boolean },
  { format = 'csv', layout = 'default' }: { format?: string | undefined; layout?: string | undefined },
  progress: (read: number) => void = () => {},
): { passes: number; lines: Generator<string> } {
  let count = 0;
  function* chunks(): Generator<JournalEntry[]> {
    for (let after = 0; ; ) {
      const entries = journal.readBetween(from, to, after, CHUNK);
      const last = entries.at(-1);
      if (last === undefined) return;
      yield entries.filter(isWanted);
      after = last.id;
      count += entries.length;
      progress(count);
    }
  }
  if (layout !== 'default' && layout !== 'classic')
    throw new GiveUpError(`exporting: --layout must be default or classic, got ${layout}`, 2);
  switch (format) {
    case 'csv':
      return { passes: 2, lines: csv(chunks) };
    case 'jsonl':
      return { passes: 1, lines: eachEntry(chunks, (entry) => [JSON.stringify(flat(entry))]) };
    case 'line':
      return { passes: 1, lines: eachEntry(chunks, (entry) => lineProtocol(entry, layout)) };
    default:
      throw new GiveUpError(`exporting: --format must be csv, jsonl or line, got ${format}`, 2);
  }
}

function* eachEntry(read: Read, linesOf: (entry: JournalEntry) => string[]): Generator<string> {
  for (const entries of read()) {
    const lines = entries.flatMap(linesOf);
    if (lines.length > 0) yield `${lines.join('\n')}\n`;
  }
}

/** RFC 4180 with a heading. How many phases there are only the readings know: they are read twice. */
function* csv(read: Read): Generator<string> {
  const columns = new Set<string>();
  for (const entries of read()) for (const entry of entries) for (const key in flat(entry)) columns.add(key);
  const names = [...columns];
  yield `${names.join(',')}\r\n`;
  for (const entries of read()) {
    const rows = entries.map((entry) => {
      const values = flat(entry);
      return names.map((name) => cell(values[name])).join(',');
    });
    if (rows.length > 0) yield `${rows.join('\r\n')}\r\n`;
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
