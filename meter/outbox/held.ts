import type { Row } from './file.ts';

/** Rows in memory, in order. */
export class Held {
  #rows: Row[] = [];
  #bytes = 0;

  get rows(): readonly Row[] {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(row: Row): void {
    this.#rows.push(row);
    this.#bytes += sizeOf(row);
  }

  read(first: number, last: number, limit: number): Row[] {
    return this.#rows.filter(({ id }) => id >= first && id <= last).slice(0, limit);
  }

  /** Lets go of all others. */
  keep(which: (row: Row) => boolean): void {
    this.#rows = this.#rows.filter(which);
    this.#bytes = this.#rows.reduce((bytes, row) => bytes + sizeOf(row), 0);
  }

  /** Gives each row a number that is higher by so much. */
  move(by: number): void {
    this.#rows = this.#rows.map((row) => ({ ...row, id: row.id + by }));
  }
}

const sizeOf = ({ body, account }: Row): number => body.length + account.length;
