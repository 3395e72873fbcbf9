/**
 * Rows as a table for people: columns as wide as their widest cell, numbers to the right.
 * @param rows each with the same keys, which are the headings.
 */
export function table(rows: readonly Record<string, string | number>[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const columns = Object.keys(first).map((heading) => {
    const cells = rows.map((row) => String(row[heading] ?? ''));
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
