/** From when the meter had the port open until it was killed, closed it, or the device went; ms. */
export interface Span {
  from: number;
  /** Infinity while it lasts. */
  to: number;
  /** When it stood still meanwhile. */
  pauses: { from: number; to: number }[];
}

/** Keeps the record of when the meter could read, from what was seen and done. */
export class Spans {
  readonly list: Span[] = [];
  #open: Span | undefined;

  opened(at: number): void {
    this.ended(at);
    this.#open = { from: at, to: Number.POSITIVE_INFINITY, pauses: [] };
    this.list.push(this.#open);
  }

  ended(at: number): void {
    this.continued(at);
    if (this.#open) this.#open.to = at;
    this.#open = undefined;
  }

  stopped(at: number): void {
    if (this.#open?.pauses.at(-1)?.to === Number.POSITIVE_INFINITY) return;
    this.#open?.pauses.push({ from: at, to: Number.POSITIVE_INFINITY });
  }

  continued(at: number): void {
    const last = this.#open?.pauses.at(-1);
    if (last) last.to = Math.min(last.to, at);
  }
}

/** ms that the meter had, while it ran, for what was sent at `at` within the span. */
export function timeToRead({ to, pauses }: Span, at: number): number {
  const stood = pauses.reduce(
    (sum, pause) => sum + Math.max(0, Math.min(pause.to, to) - Math.max(pause.from, at)),
    0,
  );
  return to - at - stood;
}
