import { randomUUID } from 'node:crypto';
import type { Watermark } from '../../shared/wire.ts';

/** Where an epoch begins among the rows of the outbox. Its readings are numbered from 1 on, row by row. */
export interface Epoch {
  /** The row of its first reading. */
  first: number;
  name: string;
  /** The run of the machine that it belongs to. */
  boot: string;
}

/** The rows of one epoch, and how far they are settled. Rows count on from epoch to epoch. */
export interface Run extends Epoch {
  /** The lowest row that was not deleted yet. */
  kept: number;
  /** The lowest row that the journal is not known to hold. */
  from: number;
  /** The highest row; below `from` when nothing is pending. */
  to: number;
  /** Whether the file holds it; else its rows are in memory. */
  recorded: boolean;
}

/** Rows from `first` to below `before`. */
export interface RowRange {
  first: number;
  before: number;
}

/** Which rows there are, of which epoch each is, and which of them are settled. Knows no disk. */
export class Numbers {
  readonly #boot: string;
  #runs: Run[] = [];
  /** The newest run, while its numbers may go on. */
  #current: Run | undefined;
  #newest = 0;

  /** @param boot names the present run of the machine. */
  constructor(boot: string) {
    this.#boot = boot;
  }

  get runs(): readonly Readonly<Run>[] {
    return this.#runs;
  }

  get pending(): number {
    return this.#runs.reduce((count, run) => count + pendingOf(run), 0);
  }

  /** The newest row; 0 while there was none. */
  get newest(): number {
    return this.#newest;
  }

  /** The newest row's epoch; undefined where the next row will begin one. */
  get current(): Readonly<Run> | undefined {
    return this.#current;
  }

  /** The epochs that only memory knows. */
  get unrecorded(): readonly Epoch[] {
    return this.#runs.filter(({ recorded }) => !recorded);
  }

  /**
   * Takes over the runs of a file. What only memory knows comes after them, moved up where it must be.
   * Numbers go on at the end of the file only where `goOn` says that it ends where we left it.
   * @returns by how much the rows in memory moved up.
   */
  load(runs: readonly Run[], goOn: boolean): number {
    const before = new Map(this.#runs.map((run) => [run.name, run]));
    const inMemory = this.#runs.filter(({ recorded }) => !recorded);
    const end = runs.at(-1)?.to ?? 0;
    const move = Math.max(0, end + 1 - (inMemory[0]?.kept ?? Number.POSITIVE_INFINITY));
    for (const run of inMemory) {
      for (const key of ['first', 'kept', 'from', 'to'] as const) run[key] += move;
    }
    const inFile = runs.map((run) => ({ ...run, from: Math.max(run.from, before.get(run.name)?.from ?? 0) }));
    const last = inFile.at(-1);
    this.#runs = [...inFile, ...inMemory];
    this.#current = inMemory.at(-1) ?? (goOn && last?.boot === this.#boot ? last : undefined);
    this.#newest = inMemory.length > 0 ? this.#newest + move : end;
    return move;
  }

  /** Gives the next row. */
  add(): number {
    this.#newest += 1;
    if (this.#current) this.#current.to = this.#newest;
    else this.#begin(this.#newest, this.#newest, false);
    return this.#newest;
  }

  /** The file did not take the newest row: what only memory knows is of an epoch of its own. */
  refused(): void {
    if (this.#current?.recorded !== true) return;
    this.#current.to = this.#newest - 1;
    this.#begin(this.#newest, this.#newest, false);
  }

  /** The file holds all of it now. */
  recorded(): void {
    for (const run of this.#runs) run.recorded = true;
  }

  /** The run of a row that is there. */
  runOf(row: number): Readonly<Run> | undefined {
    return this.#runs.findLast(({ first }) => first <= row);
  }

  /** Whether the reading of this number is pending. */
  holds({ epoch, seq }: Watermark): boolean {
    const run = this.#find(epoch);
    return run !== undefined && seq <= seqOf(run, run.to) && seq >= seqOf(run, run.from);
  }

  /** Lets go of the rows that a watermark covers. `ahead`: it knows of numbers that the newest run never gave. */
  settle({ epoch, seq }: Watermark): 'settled' | 'foreign' | 'ahead' {
    const run = this.#find(epoch);
    if (run === undefined) return 'foreign';
    if (run === this.#current && seq > seqOf(run, run.to)) return 'ahead';
    // An earlier run may have given numbers that a power cut took from the file.
    run.from = Math.min(Math.max(run.from, run.first + seq), run.to + 1);
    return 'settled';
  }

  /** The epoch that `renew` will give to what is pending of the newest run. */
  renewal(): Epoch | undefined {
    const run = this.#current;
    return run && pendingOf(run) > 0 ? { first: run.from, name: randomUUID(), boot: this.#boot } : undefined;
  }

  /** Ends the newest run; what is pending of it, if anything, is of the new epoch. */
  renew(epoch?: Epoch): void {
    const run = this.#current;
    this.#current = undefined;
    if (run === undefined || epoch === undefined) return;
    const to = run.to;
    run.to = epoch.first - 1;
    this.#begin(epoch.first, to, true, epoch.name);
    if (run.kept > run.to) this.#runs.splice(this.#runs.indexOf(run), 1);
  }

  /** Gives up the oldest pending rows of such runs, all of one; returns how many. */
  drop(count: number, of: (run: Run) => boolean): number {
    const run = this.#runs.find((candidate) => pendingOf(candidate) > 0 && of(candidate));
    if (run === undefined) return 0;
    const dropped = Math.min(count, pendingOf(run));
    run.from += dropped;
    return dropped;
  }

  /** Rows of the file that nobody needs; never its newest, which carries the account. */
  deletable(): RowRange[] {
    const inFile = this.#runs.filter(({ recorded }) => recorded);
    const newest = inFile.at(-1)?.to ?? 0;
    return inFile
      .map(({ kept, from }) => ({ first: kept, before: Math.min(from, newest) }))
      .filter(({ first, before }) => before > first);
  }

  /** The file has deleted them. */
  deleted(ranges: readonly RowRange[]): void {
    for (const { first, before } of ranges) {
      const run = this.#runs.find(({ kept }) => kept === first);
      if (run) run.kept = before;
    }
    this.#prune();
  }

  /** Forgets what is settled in memory; the newest row stays. `kept` of a row's run says whether it goes. */
  forget(): void {
    for (const run of this.#runs) if (!run.recorded) run.kept = Math.min(run.from, this.#newest);
    this.#prune();
  }

  #prune(): void {
    this.#runs = this.#runs.filter((run) => run.kept <= run.to || run === this.#current);
  }

  #find(epoch: string): Run | undefined {
    return this.#runs.find(({ name }) => name === epoch);
  }

  #begin(first: number, to: number, recorded: boolean, name: string = randomUUID()): void {
    this.#current = { first, name, boot: this.#boot, kept: first, from: first, to, recorded };
    this.#runs.push(this.#current);
  }
}

export const pendingOf = (run: Run): number => Math.max(0, run.to - run.from + 1);
export const seqOf = (run: Epoch, row: number): number => row - run.first + 1;
