import type { Screen, Style } from './screen.ts';

export type Row = Record<string, string | number>;

/** How a listing becomes narrower, and which of its cells have a colour. */
export interface Look {
  /** The column that may be cut where the line is too long. */
  shorten?: string;
  /** Columns that are left out where that is not enough, the least important first. */
  leaveOut?: readonly string[];
  styleOf?: (heading: string, cell: string) => Style | undefined;
}

interface Column {
  heading: string;
  cells: string[];
  width: number;
  right: boolean;
  isEmpty: boolean;
}

/** The least that a shortened column keeps. */
const LEAST = 24;
const SPACE = '  ';
/** `129`, `0.012`, `$3.46`, `1,243 VA`, `62 %`: what is compared digit by digit. */
const NUMERIC = /^-?\p{Sc}?\d[\d.,]*( (W|VA|kWh|%))?$/u;

/**
 * Rows as a table for people: columns as wide as their widest cell, numbers to the right, no line longer
 * than the screen.
 * @param rows each with the same keys, which are the headings.
 */
export function table(
  rows: readonly Row[],
  { columns, paint }: Pick<Screen, 'columns' | 'paint'>,
  { shorten, leaveOut = [], styleOf = () => undefined }: Look = {},
): string {
  const [first] = rows;
  if (first === undefined) return '';
  const { fitting, missing } = narrow(
    Object.keys(first).map((heading) => columnOf(heading, rows)),
    columns,
    { shorten, leaveOut },
  );
  const line = (cellOf: (column: Column) => { text: string; style: Style | undefined }) => {
    const cells = fitting.map((column, index) => {
      const { text, style } = cellOf(column);
      const short = text.length > column.width ? `${text.slice(0, column.width - 1)}…` : text;
      const isLast = index === fitting.length - 1;
      const padding = ' '.repeat(column.width - short.length);
      const painted = style === undefined || short === '' ? short : paint(style, short);
      return column.right ? `${padding}${painted}` : isLast ? painted : `${painted}${padding}`;
    });
    return cells.join(SPACE).trimEnd();
  };
  const head = line(({ heading }) => ({ text: heading, style: 'bold' }));
  const body = rows.map((_row, index) =>
    line(({ heading, cells }) => {
      const text = cells[index] ?? '';
      return { text, style: styleOf(heading, text) };
    }),
  );
  const note = missing.length === 0 ? [] : [paint('dim', `(no room for: ${missing.join(', ')})`)];
  return `${[head, ...body, ...note].join('\n')}\n`;
}

function columnOf(heading: string, rows: readonly Row[]): Column {
  const cells = rows.map((row) => oneLine(String(row[heading] ?? '')));
  const width = Math.max(heading.length, ...cells.map((cell) => cell.length));
  const given = cells.filter((cell) => cell !== '');
  const isEmpty = given.length === 0;
  return { heading, cells, width, isEmpty, right: !isEmpty && given.every((cell) => NUMERIC.test(cell)) };
}

function narrow(
  all: Column[],
  room: number,
  { shorten, leaveOut }: { shorten: string | undefined; leaveOut: readonly string[] },
): { fitting: Column[]; missing: string[] } {
  const missing: string[] = [];
  const fitting = () => all.filter(({ heading }) => !missing.includes(heading));
  const overhang = () =>
    fitting().reduce((sum, { width }) => sum + width + SPACE.length, -SPACE.length) - room;
  const elastic = all.find(({ heading }) => heading === shorten);
  const spare = () => (elastic === undefined ? 0 : Math.max(0, elastic.width - LEAST));
  for (const heading of leaveOut) if (overhang() > spare()) missing.push(heading);
  if (elastic !== undefined && overhang() > 0) elastic.width = Math.max(8, elastic.width - overhang());
  const isEmpty = (heading: string) => all.some((column) => column.heading === heading && column.isEmpty);
  return { fitting: fitting(), missing: missing.filter((heading) => !isEmpty(heading)) };
}

/** A text from elsewhere: without what would command the terminal. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

/** As a table, or as JSON, one object a line. @param none what to say to people when there is nothing. */
export function printRows<T>(
  out: Screen,
  { items, json }: { items: readonly T[]; json: string | undefined },
  row: (item: T) => Row,
  { none, ...look }: Look & { none: string },
): void {
  if (json !== undefined) out.write(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  else out.write(items.length === 0 ? `${none}\n` : table(items.map(row), out, look));
}
