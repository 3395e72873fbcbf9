import type { Terminal } from './live-line.ts';

/**
 * Rows as a table for people: columns as wide as their widest cell, numbers to the right.
 * @param rows each with the same keys, which are the headings.
 */
export function table(rows: readonly Record<string, string | number>[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const columns = Object.keys(first).map((heading) => {
    const cells = rows.map((row) => oneLine(String(row[heading] ?? '')));
    const width = Math.max(heading.length, ...cells.map((cell) => cell.length));
    return { heading, cells, width, right: rows.every((row) => typeof row[heading] === 'number') };
  });
  const line = (cellOf: (column: (typeof columns)[number]) => string) =>
    columns
      .map((column) =>
        column.right ? cellOf(column).padStart(column.width) : cellOf(column).padEnd(column.width),
      )
      .join('  ')
      .trimEnd();
  const body = rows.map((_row, index) => line(({ cells }) => cells[index] ?? ''));
  return `${[line(({ heading }) => heading), ...body].join('\n')}\n`;
}

/** A text from elsewhere: without what would command the terminal. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

/** As a table, or as JSON, one object a line. @param none what to say to people when there is nothing. */
export function printRows<T>(
  out: Terminal,
  json: string | undefined,
  items: readonly T[],
  row: (item: T) => Record<string, string | number>,
  none: string,
): void {
  if (json !== undefined) out.write(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  else out.write(items.length === 0 ? `${none}\n` : table(items.map(row)));
}
