import type { RejectReason } from '../decoder.ts';

/** The fragments that say something of energy; all others may come and go. */
const FRAGMENTS = [
  'InstantaneousDemand',
  'CurrentSummationDelivered',
  'CurrentSummation',
  'PriceCluster',
] as const;
export type FragmentName = (typeof FRAGMENTS)[number];

/** What one push brought. */
export interface Fragments {
  /** What is between the tags. */
  fragments: { name: FragmentName; content: string }[];
  rejects: RejectReason[];
}

const TAG = new RegExp(`<(/?)(${FRAGMENTS.join('|')})>`, 'g');
const LONGEST_TAG = '</CurrentSummationDelivered>'.length;
/** Characters; real ones are below 600. */
const LONGEST = 4096;

/**
 * Cuts fragments of XML out of a stream that has no root. One that begins within another shows that the
 * first was torn, as does an end without its beginning.
 */
export class FragmentFramer {
  #isTail: boolean;
  /** From where a tag may still begin, or from the open fragment’s content on. */
  #pending = '';
  #open: FragmentName | undefined;
  #isOverlong = false;

  /** @param atLineStart false when the first bytes may be the tail of a fragment. */
  constructor(atLineStart: boolean) {
    this.#isTail = !atLineStart;
  }

  push(chunk: Uint8Array): Fragments {
    const found: Fragments = { fragments: [], rejects: [] };
    this.#pending += Buffer.from(chunk).toString('latin1');
    let from = 0;
    // What was looked through before ends in no more than a piece of a tag.
    TAG.lastIndex = Math.max(0, this.#pending.length - chunk.length - LONGEST_TAG);
    for (let tag = TAG.exec(this.#pending); tag !== null; tag = TAG.exec(this.#pending)) {
      const name = FRAGMENTS.find((each) => each === tag?.[2]);
      if (name === undefined) continue;
      const content = this.#pending.slice(from, tag.index);
      if (tag[1] === '') this.#begin(name, content, found);
      else this.#end(name, content, found);
      from = TAG.lastIndex;
    }
    this.#keep(this.#pending.slice(from), found);
    return found;
  }

  #begin(name: FragmentName, content: string, found: Fragments): void {
    if (this.#open !== undefined && !this.#isOverlong)
      found.rejects.push(content.length > LONGEST ? 'overlong' : 'syntax');
    this.#open = name;
    this.#isOverlong = false;
    this.#isTail = false;
  }

  #end(name: FragmentName, content: string, found: Fragments): void {
    const isWhole = this.#open === name;
    if (this.#open === undefined) found.rejects.push(this.#isTail ? 'fragment' : 'syntax');
    else if (!this.#isOverlong) {
      if (content.length > LONGEST) found.rejects.push('overlong');
      else if (isWhole) found.fragments.push({ name, content });
      else found.rejects.push('syntax');
    }
    this.#open = undefined;
    this.#isOverlong = false;
    this.#isTail = false;
  }

  #keep(rest: string, found: Fragments): void {
    if (this.#open !== undefined && !this.#isOverlong && rest.length > LONGEST + LONGEST_TAG) {
      found.rejects.push('overlong');
      this.#isOverlong = true;
    }
    const isNeeded = this.#open !== undefined && !this.#isOverlong;
    this.#pending = isNeeded ? rest : rest.slice(-LONGEST_TAG);
  }
}
