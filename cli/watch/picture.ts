import type { Screen } from '../screen.ts';

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';

/** The whole terminal, for a view that changes; what was on it before comes back at the end. */
export class Picture {
  readonly #out: Screen;
  #lines: readonly string[] = [];

  constructor(out: Screen) {
    this.#out = out;
    out.write(ENTER);
  }

  draw(lines: readonly string[]): void {
    this.#lines = lines;
    this.#out.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`);
  }

  /** Leaves the last picture behind. */
  end(): void {
    this.#out.write(`${LEAVE}${this.#lines.map((line) => `${line}\n`).join('')}`);
  }
}
