import { styleText } from 'node:util';
import type { Terminal } from './live-line.ts';

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

/** What a command prints on: a terminal, a file or a pipe. */
export interface Screen extends Terminal {
  readonly isTTY: boolean;
  /** Characters a line; undefined where lines have no end. */
  readonly columns: number;
  readonly rows: number;
  /** In colour where colours are wanted: on a terminal, unless NO_COLOR; elsewhere only with FORCE_COLOR. */
  paint(style: Style, text: string): string;
}

export function screenOf(stream: NodeJS.WriteStream): Screen {
  return {
    isTTY: stream.isTTY === true,
    // Some terminals say 0 for what they do not know.
    get columns() {
      return stream.isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY;
    },
    get rows() {
      return stream.isTTY ? stream.rows || 24 : Number.POSITIVE_INFINITY;
    },
    write: (text) => stream.write(text),
    paint: (style, text) => styleText(style, text, { stream }),
  };
}
