import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Arrival } from '../journal/journal.ts';
import { type Layout, lineProtocol } from './line-protocol.ts';

/** The body of one write. */
export interface Payload {
  readings: number;
  lines: number;
  gzipped: Uint8Array;
}

const compress = promisify(gzip);

/** Bytes; grows to the largest text there was. */
const FIRST_SIZE = 65_536;

/** Makes the bodies of writes, and keeps nothing of what they are made from. */
export class Encoder {
  readonly #layout: Layout;
  /**
   * Where the text is put together, unless another is being made: buffers live long enough
   * to be moved among the old objects, and tens of megabytes of dead ones would wait there for a collection.
   */
  #spare: Buffer | undefined;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** @param slices each is small: between any two, all else that waits in this process has its turn. */
  async encode(slices: Iterable<readonly Arrival[]>): Promise<Payload> {
    let text = this.#spare ?? Buffer.allocUnsafeSlow(FIRST_SIZE);
    this.#spare = undefined;
    let [readings, lines, length] = [0, 0, 0];
    for (const arrivals of slices) {
      const added = arrivals.flatMap((arrival) => lineProtocol(arrival, this.#layout));
      const more = added.map((line) => `${line}\n`).join('');
      text = withRoom(text, length, Buffer.byteLength(more));
      length += text.write(more, length);
      readings += arrivals.length;
      lines += added.length;
      await setImmediate();
    }
    // The fastest level: what more would save on the way costs more here.
    const gzipped = await compress(text.subarray(0, length), { level: 1 });
    this.#spare = text;
    return { readings, lines, gzipped };
  }
}

/** The same text, or a copy, with room for `more` bytes after the first `length`. */
function withRoom(text: Buffer, length: number, more: number): Buffer {
  if (length + more <= text.length) return text;
  const larger = Buffer.allocUnsafeSlow(2 * (length + more));
  text.copy(larger, 0, 0, length);
  return larger;
}
