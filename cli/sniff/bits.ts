import { isEven } from '../../meter/decoders/seven-bit.ts';
import { isText } from './frames.ts';

/** Bytes before a parity is told from chance. */
const ENOUGH = 24;
/** The share of bytes that have it, but for single errors of the line; and of those where it shows. */
const REGULAR = 0.99;
const SHOWN = 0.05;
/** The share of bytes that are text without it: at a wrong rate, signals make such a regularity, too. */
const TEXT = 0.9;
const ASCII = 0x7f;

/** What the bits of the bytes tell of the line, which is read with eight bits a byte unless told otherwise. */
export class Bits {
  #bytes = 0;
  #high = 0;
  #even = 0;
  #text = 0;
  #ascii = 0;

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    for (const byte of chunk) {
      if (byte > ASCII) this.#high += 1;
      if (isEven(byte)) this.#even += 1;
      if (isText(byte)) this.#text += 1;
      if (isText(byte & ASCII)) this.#ascii += 1;
    }
  }

  /** The share of bytes whose highest bit is set; none are in text. */
  get high(): number {
    return this.#share(this.#high);
  }

  /** The parity that the highest bit makes: seven bits and a parity were read as eight. */
  get parity(): 'even' | 'odd' | undefined {
    if (this.#bytes < ENOUGH || this.high < SHOWN || this.#share(this.#ascii) < TEXT) return undefined;
    const even = this.#share(this.#even);
    if (even >= REGULAR) return 'even';
    return even <= 1 - REGULAR ? 'odd' : undefined;
  }

  /** The share of bytes that are text, the parity left out; 1 where nothing came. */
  get text(): number {
    return this.#bytes === 0 ? 1 : this.#share(this.parity === undefined ? this.#text : this.#ascii);
  }

  #share(count: number): number {
    return this.#bytes === 0 ? 0 : count / this.#bytes;
  }
}
