/** The ids above `after`, up to and with `upTo`. */
export interface Span {
  after: number;
  upTo: number;
}

/** A set of ids, kept as the fewest spans; ascending. */
export class Spans implements Iterable<Span> {
  #spans: Span[] = [];

  constructor(spans: Iterable<Span> = []) {
    this.addAll(spans);
  }

  [Symbol.iterator](): Iterator<Span> {
    return this.#spans.values();
  }

  /** The highest id. */
  get top(): number {
    return this.#spans.at(-1)?.upTo ?? 0;
  }

  /** How many ids. */
  get size(): number {
    return this.#spans.reduce((sum, { after, upTo }) => sum + upTo - after, 0);
  }

  add({ after, upTo }: Span): void {
    if (upTo <= after) return;
    const touches = (span: Span) => span.after <= upTo && span.upTo >= after;
    const touched = this.#spans.filter(touches);
    this.#spans = [
      ...this.#spans.filter((span) => span.upTo < after),
      {
        after: Math.min(after, touched[0]?.after ?? after),
        upTo: Math.max(upTo, touched.at(-1)?.upTo ?? upTo),
      },
      ...this.#spans.filter((span) => span.after > upTo),
    ];
  }

  addAll(spans: Iterable<Span>): void {
    for (const span of spans) this.add(span);
  }

  has(id: number): boolean {
    return this.#spans.some(({ after, upTo }) => after < id && id <= upTo);
  }

  /** What is missing above the lowest span, up to id `last`. */
  holes(last: number): Span[] {
    const edges = [...this.#spans.slice(1).map(({ after }) => after), last];
    return this.#spans
      .map(({ upTo }, index) => ({ after: upTo, upTo: edges[index] ?? last }))
      .filter(({ after, upTo }) => after < upTo);
  }
}
