import { type DatabaseTrouble, type SetAside, setAside, troubleOf } from '../../shared/database.ts';
import { reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { OutboxFile } from './file.ts';
import type { Epoch } from './numbers.ts';
import { salvage } from './salvage.ts';

/** What went wrong on the disk. */
export interface DiskStatus {
  /** What failed since the process started. */
  errors: number;
  /** Why it last failed; gone with the next write that succeeds. */
  error?: string;
  /** Where the last damaged file was moved to. */
  aside?: string;
}

interface Deps {
  /** Wall clock, ms since 1970. */
  now: () => number;
  log: Log;
  /** Told of each file that was opened; `whole` when it is as the last process left it. */
  onOpen: (file: OutboxFile, whole: boolean) => void;
  /** The epochs as memory knows them. */
  epochs: () => readonly Epoch[];
}

/** A disk that damages one file after the other is not to be filled with them. */
const ASIDES_AT_MOST = 3;

/** The outbox's file, which may be missing while the disk refuses it; a damaged one is replaced. */
export class Disk {
  readonly status: DiskStatus = { errors: 0 };
  readonly #path: string;
  readonly #deps: Deps;
  #file: OutboxFile | undefined;
  #trouble: DatabaseTrouble | undefined;
  /** A file that was set aside and not yet salvaged. */
  #damaged: string | undefined;
  #asides = 0;

  constructor(path: string, deps: Deps) {
    this.#path = path;
    this.#deps = deps;
  }

  /** @throws when there is no file and the disk or the path refuses one. */
  open(): OutboxFile {
    this.#file ??= this.#opened();
    return this.#file;
  }

  /** Lets go of the file, which `open` opens again: a handle may outlive the file it was opened on. */
  renew(): void {
    // A full disk has room for what is open, but maybe none for opening it again.
    if (this.#trouble !== 'full') this.close();
  }

  /** What `work` returns; undefined when there is no file, or the disk failed. */
  try<T>(work: (file: OutboxFile) => T): T | undefined {
    if (this.#file === undefined) return undefined;
    try {
      return work(this.#file);
    } catch (error) {
      this.failed(error);
      return undefined;
    }
  }

  /** Takes note of an error; true when the file was damaged, and a new one is in its place. */
  failed(error: unknown): boolean {
    const { log, now } = this.#deps;
    const why = reason(error);
    if (this.status.error === undefined) log.error(`keeping readings on disk: ${why}`);
    this.status.errors += 1;
    this.status.error = why;
    this.#trouble = error instanceof SyntaxError ? 'corrupt' : troubleOf(error);
    if (this.#trouble !== 'corrupt' || this.#asides >= ASIDES_AT_MOST) return false;
    try {
      this.close();
      this.#setAside({ path: setAside(this.#path, now()), why });
      this.open();
      return true;
    } catch (another) {
      this.status.error = reason(another);
      return false;
    }
  }

  succeeded(): void {
    this.#trouble = undefined;
    delete this.status.error;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #opened(): OutboxFile {
    const { now, log, onOpen, epochs } = this.#deps;
    const file = new OutboxFile(this.#path, now);
    try {
      if (file.aside) this.#setAside(file.aside);
      const aside = this.#damaged;
      if (aside !== undefined) {
        const readings = salvage(aside, file, epochs());
        log.warn({ aside, readings }, 'took over what could be read of a damaged outbox');
        this.#damaged = undefined;
      }
      onOpen(file, aside === undefined);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  #setAside({ path, why }: SetAside): void {
    this.#deps.log.error({ aside: path, why }, 'the outbox was damaged, and is set aside');
    this.#asides += 1;
    this.status.aside = path;
    this.#damaged = path;
  }
}
