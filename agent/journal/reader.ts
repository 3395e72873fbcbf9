import { DatabaseSync } from 'node:sqlite';
import { PATIENCE } from '../../shared/database.ts';
import { createCalendar, type Unit } from './calendar.ts';
import { type Counts, CountsAt } from './counts.ts';
import { type DeadLetter, DeadLetters } from './dead-letters.ts';
import type { JournalEntry } from './entry.ts';
import { type Gap, Gaps } from './gaps.ts';
import { Readings } from './readings.ts';
import { type Rollup, Rollups } from './rollups.ts';
import { checkVersion } from './schema.ts';

/**
 * A journal to read from only: of an agent that may be writing it meanwhile, or one that was set aside.
 * Times are in ms since 1970 UTC, ranges half open. What is damaged throws SQLite's error when it is reached.
 */
export class JournalReader {
  readonly #db: DatabaseSync;
  readonly #readings: Readings;
  readonly #gaps: Gaps;
  readonly #deadLetters: DeadLetters;
  readonly #rollups: Rollups;
  readonly #countsAt: CountsAt;

  /** @throws when the file is missing, or no journal of this version. */
  constructor(path: string) {
    this.#db = new DatabaseSync(path, { readOnly: true, timeout: PATIENCE });
    try {
      checkVersion(this.#db);
      this.#readings = new Readings(this.#db);
      this.#countsAt = new CountsAt(this.#db);
      this.#gaps = new Gaps(this.#db);
      this.#deadLetters = new DeadLetters(this.#db);
      this.#rollups = new Rollups(this.#db, createCalendar());
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Up to `limit` entries after `afterId` whose readings are of [from, to), in order of id. */
  readBetween(from: number, to: number, afterId: number, limit: number): JournalEntry[] {
    return this.#readings.between(from, to, afterId, limit);
  }

  /** The highest id of the readings of [from, to); 0 where there are none. */
  lastIdBetween(from: number, to: number): number {
    return this.#readings.idsBetween(from, to).last;
  }

  countBetween(from: number, to: number): number {
    return this.#readings.countBetween(from, to);
  }

  /** When the newest reading of each meter was taken. */
  newest(): { meter: string; time: number }[] {
    const rows = this.#db
      .prepare('SELECT name, (SELECT max(time) FROM reading WHERE meter = meter.id) AS time FROM meter')
      .all();
    return rows.flatMap(({ name, time }) =>
      time === null ? [] : [{ meter: String(name), time: Number(time) }],
    );
  }

  /** A meter's totals as they stood at `time`; undefined where no reading tells of it. */
  countsAt(meter: string, time: number): Counts | undefined {
    return this.#countsAt.at(meter, time);
  }

  /** Those that touch [from, to), newest first. */
  gaps(from: number, to: number, limit: number): Gap[] {
    return this.#gaps.select(from, to, limit);
  }

  /** The newest first. */
  deadLetters(limit: number): DeadLetter[] {
    return this.#deadLetters.select(limit);
  }

  /** The sums of the hours or days that begin in [from, to), in order. */
  rollups(unit: Unit, from: number, to: number, meter?: string): Rollup[] {
    return this.#rollups.select(unit, from, to, meter);
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
