/** A device that did not answer so often in a row is taken for absent. */
const ABSENT = 2;

/**
 * Who is asked in which round, among several devices on one bus: all that answer, and of those that do
 * not, at most one, ever more rarely. So a missing one costs the others next to nothing.
 */
export class Roll {
  readonly #addresses: readonly number[];
  readonly #mostRounds: number;
  readonly #missed = new Map<number, { times: number; due: number }>();
  #round = 0;

  /** @param mostRounds between two questions to one that is absent. */
  constructor(addresses: readonly number[], mostRounds: number) {
    this.#addresses = addresses;
    this.#mostRounds = mostRounds;
  }

  /** The addresses to ask now, one after another; those that answer come first. */
  next(): number[] {
    this.#round += 1;
    const present = this.#addresses.filter((address) => !this.#isAbsent(address));
    const due = this.#addresses
      .filter((address) => this.#isAbsent(address))
      .map((address) => ({ address, at: this.#missed.get(address)?.due ?? 0 }))
      .filter(({ at }) => at <= this.#round)
      .sort((a, b) => a.at - b.at);
    return [...present, ...due.slice(0, 1).map(({ address }) => address)];
  }

  /** @returns whether it was absent until now. */
  answered(address: number): boolean {
    const back = this.#isAbsent(address);
    this.#missed.delete(address);
    return back;
  }

  /** @returns whether it is absent as of now. */
  missed(address: number): boolean {
    const times = (this.#missed.get(address)?.times ?? 0) + 1;
    const rounds = Math.min(2 ** Math.min(times - 1, 30), this.#mostRounds);
    this.#missed.set(address, { times, due: this.#round + rounds });
    return times === ABSENT;
  }

  #isAbsent(address: number): boolean {
    return (this.#missed.get(address)?.times ?? 0) >= ABSENT;
  }
}
