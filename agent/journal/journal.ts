import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase, type SetAside, setAside, troubleOf } from '../../shared/database.ts';
import { RetryError, reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { Notifier } from '../../shared/notifier.ts';
import type { Watermark } from '../../shared/wire.ts';
import type { Unit } from './calendar.ts';
import { findDamage } from './check.ts';
import type { DeadLetter } from './dead-letters.ts';
import type { Arrival, Floor, JournalEntry } from './entry.ts';
import type { Limits } from './expiry.ts';
import { JournalFile, settle } from './file.ts';
import type { Gap } from './gaps.ts';
import type { Rollup } from './rollups.ts';
import { prepareSchema } from './schema.ts';

export type { Arrival, Floor, JournalEntry } from './entry.ts';

/** What of the past may be looked up. */
export type History = Pick<JournalFile, 'timeline' | 'rollups' | 'standings' | 'gaps'>;

export interface JournalOptions {
  /** IANA name of the time zone whose hours and days are summed up; default: this machine's. */
  zone?: string | undefined;
  log?: Log;
  /** Wall clock, ms since 1970 UTC. */
  now?: () => number;
}

/** Since the process started. */
export interface JournalCounts {
  /** Readings that left for their age or the file's size; of them, those a store was still to be given. */
  expired: number;
  unforwarded: number;
  /** Dead letters that made room for newer ones. */
  lettersDropped: number;
  /** Files found damaged. */
  setAside: number;
}

/**
 * The agent's durable log of every reading, in the order of arrival. What `append` has returned from
 * survives a power cut: one transaction, one fsync, for all that waited.
 *
 * A disk that refuses an fsync may since have forgotten what it was given, and still show it. So the file
 * is closed then, every method that needs it throws a RetryError, and only what `mend` has read back and
 * brought to the disk again counts as stored. A damaged file is set aside and a new one begun.
 */
export class Journal {
  readonly #path: string;
  readonly #options: JournalOptions;
  readonly #grown = new Notifier();
  #file: JournalFile | undefined;
  /** Whether the file was not closed in order by whoever had it before us. */
  #unclean = false;
  #lastId = 0;
  readonly #counts: JournalCounts = { expired: 0, unforwarded: 0, lettersDropped: 0, setAside: 0 };
  #trouble: string | undefined;

  /**
   * @param path of the database file; its folder is made when missing.
   * @throws when it cannot be opened for a reason that will not pass.
   */
  constructor(path: string, options: JournalOptions = {}) {
    this.#path = path;
    this.#options = options;
    try {
      this.#open();
    } catch (error) {
      if (!(error instanceof RetryError) && !['failing', 'full'].includes(troubleOf(error))) throw error;
      this.#complain(error);
    }
  }

  get counts(): Readonly<JournalCounts> {
    return this.#counts;
  }

  /** Why nothing is stored at present; undefined when the last commit, if any, went well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Opens the file again where its disk has failed; a disk that still does leaves it closed. */
  mend(): void {
    if (this.#file) return;
    try {
      this.#open();
    } catch (error) {
      this.#complain(error);
    }
  }

  /**
   * Makes the arrivals durable and returns how many were new; the rest were held already.
   * `floors` are watermarks that the meters themselves vouch for: all below was stored or is gone.
   * @throws when the disk does; then nothing of the call is kept.
   */
  append(arrivals: readonly Arrival[], floors: readonly Floor[] = []): number {
    try {
      const added = this.#use((file) => file.append(arrivals, floors));
      this.#recover();
      if (added > 0) {
        this.#lastId += added;
        this.#grown.notify();
      }
      return added;
    } catch (error) {
      this.#complain(error);
      throw error;
    }
  }

  /** The watermark of a meter's epoch, once there is one. */
  watermark(meter: string, epoch: string): Watermark | undefined {
    return this.#use(({ series }) => series.watermark(meter, epoch));
  }

  /** The watermark of each meter's latest epoch. */
  watermarks(): Floor[] {
    return this.#use(({ series }) => series.watermarks());
  }

  /** Up to `limit` entries that arrived after entry `id`, oldest first. */
  readAfter(id: number, limit: number): JournalEntry[] {
    return this.#use(({ readings }) => readings.after(id, limit));
  }

  /** Up to `limit` entries after `afterId` whose readings are of [from, to), ms since 1970 UTC; in order of id. */
  readBetween(from: number, to: number, afterId: number, limit: number): JournalEntry[] {
    return this.#use(({ readings }) => readings.between(from, to, afterId, limit));
  }

  /** The `id` of the newest entry; 0 in an empty journal. */
  lastId(): number {
    return this.#lastId;
  }

  /** Resolves when an entry after `id` is there, or the signal aborts. */
  async grown(id: number, signal: AbortSignal): Promise<void> {
    if (this.#lastId <= id) await this.#grown.next(signal);
  }

  /**
   * Takes one small batch out of the file where it is beyond the limits; the oldest first.
   * @param stores names those that must have been given a reading before it may leave for its age.
   * @returns how many readings left.
   */
  expire(limits: Limits, stores: readonly string[]): number {
    const { now = Date.now, log } = this.#options;
    const { readings, unforwarded } = this.#use((file) => file.expire(limits, stores, now()));
    if (unforwarded > 0 && this.#counts.unforwarded === 0)
      log?.error(
        'the journal is full: readings leave it that a store was still to be given (agent.journal.size)',
      );
    this.#counts.expired += readings;
    this.#counts.unforwarded += unforwarded;
    return readings;
  }

  /**
   * Reads all of the file where it was not closed in order, in a thread of its own, and sets it aside if it
   * is damaged. Resolves at once where there is no doubt.
   */
  async check(signal: AbortSignal): Promise<void> {
    if (!this.#unclean || !this.#file) return;
    this.#unclean = false;
    const file = this.#file;
    try {
      const damage = await findDamage(this.#path, signal);
      if (damage !== undefined && this.#file === file) this.#beginAnew(damage);
    } catch (error) {
      if (!signal.aborted) this.#options.log?.warn(reason(error));
    }
  }

  /** How far a store is known to hold the journal for good; 0 for a new store. */
  cursor(store: string): number {
    return this.#use((file) => file.cursor(store));
  }

  saveCursor(store: string, id: number): void {
    this.#use((file) => file.saveCursor(store, id));
  }

  /** Keeps what a store has refused for good; the same entry of a store once, and of each store the newest. */
  bury(store: string, refused: readonly { entry: JournalEntry; reason: string }[]): void {
    const { now = Date.now } = this.#options;
    this.#use((file) =>
      file.transaction(() => {
        for (const { entry, reason } of refused) {
          const { id, meter, reading } = entry;
          file.deadLetters.add({
            store,
            id,
            meter,
            time: Date.parse(reading.time),
            at: now(),
            reason,
            reading,
          });
        }
        this.#counts.lettersDropped += file.deadLetters.trim(store);
      }),
    );
  }

  /** The newest first. */
  deadLetters(limit: number): DeadLetter[] {
    return this.#use(({ deadLetters }) => deadLetters.select(limit));
  }

  /** Those that touch [from, to), ms since 1970 UTC; newest first. */
  gaps(from: number, to: number, limit: number): Gap[] {
    return this.#use(({ gaps }) => gaps.select(from, to, limit));
  }

  /** The sums of the hours or days that begin in [from, to), ms since 1970 UTC; in order. */
  rollups(unit: Unit, from: number, to: number): Rollup[] {
    return this.#use(({ rollups }) => rollups.select(unit, from, to));
  }

  /** Looks something up, such as a chart needs. @throws RetryError while the file is closed. */
  look<T>(work: (history: History) => T): T {
    return this.#use(work);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /**
   * Opens the file, or a new one in place of a damaged one.
   * @throws when it cannot, or cannot bring to the disk what the file shows; then it is closed.
   */
  #open(): void {
    const { zone, now } = this.#options;
    this.#unclean = existsSync(`${this.#path}-wal`);
    const prepare = (db: DatabaseSync) => {
      prepareSchema(db);
      settle(db);
    };
    const { db, aside } = openDatabase(this.#path, prepare, now);
    if (aside) this.#tellAside(aside);
    this.#file = new JournalFile(db, this.#lastId, zone);
    this.#lastId = this.#file.lastId;
    this.#recover();
  }

  #use<T>(work: (file: JournalFile) => T): T {
    if (this.#file === undefined)
      throw new RetryError(this.#trouble ?? 'using the journal: must be open, is closed');
    try {
      return work(this.#file);
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble === 'corrupt') this.#beginAnew(reason(error));
      if (trouble === 'failing') {
        this.close();
        this.#complain(error);
      }
      throw error;
    }
  }

  #beginAnew(why: string): void {
    const { now = Date.now } = this.#options;
    this.close();
    try {
      this.#tellAside({ path: setAside(this.#path, now()), why });
      this.#open();
    } catch (error) {
      this.#complain(error);
    }
  }

  #tellAside(aside: SetAside): void {
    this.#counts.setAside += 1;
    this.#options.log?.error(
      aside,
      'the journal was damaged; it is set aside and a new one begun (wattdog replay --journal FILE brings what stores still lack)',
    );
  }

  #complain(error: unknown): void {
    if (this.#trouble === undefined)
      this.#options.log?.error(
        `the journal takes nothing, and readings stay with their meters: ${reason(error)}`,
      );
    this.#trouble = `the journal takes nothing: ${reason(error)}`;
  }

  #recover(): void {
    if (this.#trouble !== undefined) this.#options.log?.info('the journal takes readings again');
    this.#trouble = undefined;
  }
}
