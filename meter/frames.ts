/** Lines of a serial stream, and what had to be thrown away to find them. */
export interface Frames {
  /** Without their line ends; blank lines are left out. */
  lines: string[];
  /** Lines that grew beyond the limit. */
  overlong: number;
  /** Pieces of a line whose start was not seen, after opening. */
  fragments: number;
}

const LINE_FEED = 0x0a;

/**
 * Cuts bytes into lines of at most `limit` bytes, however they are chunked. A line that grows beyond
 * the limit is dropped up to its end, so that noise costs memory and time for one line at most.
 * Bytes are read as Latin-1: every byte is some character, none is an error.
 */
export class LineFramer {
  readonly #limit: number;
  #pending = '';
  #skip: 'fragment' | 'overlong' | undefined;

  /** @param atLineStart false when the first bytes may belong to a line that began before we listened. */
  constructor(limit: number, atLineStart: boolean) {
    this.#limit = limit;
    this.#skip = atLineStart ? undefined : 'fragment';
  }

  push(chunk: Uint8Array): Frames {
    const frames: Frames = { lines: [], overlong: 0, fragments: 0 };
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      this.#grow(chunk, from, end);
      this.#finish(frames);
      from = end + 1;
    }
    this.#grow(chunk, from, chunk.length);
    return frames;
  }

  #grow(chunk: Uint8Array, from: number, to: number): void {
    if (this.#skip !== undefined) return;
    if (this.#pending.length + to - from > this.#limit) {
      this.#skip = 'overlong';
      this.#pending = '';
      return;
    }
    this.#pending += Buffer.from(chunk.buffer, chunk.byteOffset + from, to - from).toString('latin1');
  }

  #finish(frames: Frames): void {
    // Some sketches end their lines the wrong way round, with LF and CR.
    const line = this.#pending.replace(/^\r|\r$/g, '');
    if (this.#skip === 'overlong') frames.overlong += 1;
    else if (this.#skip === 'fragment') frames.fragments += 1;
    else if (line !== '') frames.lines.push(line);
    this.#pending = '';
    this.#skip = undefined;
  }
}
