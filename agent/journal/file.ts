import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { RetryError } from '../../shared/errors.ts';
import type { Reading } from '../../shared/wire.ts';
import { createCalendar } from './calendar.ts';
import { DeadLetters } from './dead-letters.ts';
import type { Arrival, Floor } from './entry.ts';
import { type Expired, Expiry, type Limits } from './expiry.ts';
import { Gaps, gapOf } from './gaps.ts';
import { coverHole } from './hole.ts';
import { trimOverlap } from './overlap.ts';
import { Readings } from './readings.ts';
import { Rollups } from './rollups.ts';
import { type Series, SeriesTable } from './series.ts';
import { Standings } from './standings.ts';
import { Timeline } from './timeline.ts';

/** ms by which a reading's interval may seem to begin before the reading that it follows. */
const ROUNDING = 2;

/** One open file of a journal: its tables, and the transactions over them. */
export class JournalFile {
  readonly series: SeriesTable;
  readonly readings: Readings;
  readonly rollups: Rollups;
  readonly standings: Standings;
  readonly gaps: Gaps;
  readonly deadLetters: DeadLetters;
  readonly timeline: Timeline;
  readonly #expiry: Expiry;
  readonly #db: DatabaseSync;
  readonly #saveCursor: StatementSync;
  #lastId: number;

  /** @param after entries of this file get higher ids than this. */
  constructor(db: DatabaseSync, after: number, zone?: string) {
    this.#db = db;
    this.series = new SeriesTable(db);
    this.readings = new Readings(db);
    const calendar = createCalendar(zone);
    this.rollups = new Rollups(db, calendar);
    this.standings = new Standings(db, calendar);
    this.gaps = new Gaps(db);
    this.deadLetters = new DeadLetters(db);
    this.timeline = new Timeline(db);
    this.#expiry = new Expiry(db);
    this.#saveCursor = db.prepare(
      'INSERT INTO cursor VALUES (?, ?) ON CONFLICT DO UPDATE SET id = excluded.id',
    );
    // A cursor must never be ahead of readings to come, whatever has left the file or never came into it.
    const highest = db.prepare(`
      SELECT max(
        (SELECT coalesce(max(id), 0) FROM reading),
        (SELECT coalesce(max(last_id), 0) FROM series),
        (SELECT coalesce(max(id), 0) FROM cursor)) AS id`);
    this.#lastId = Math.max(after, Number(highest.get()?.id));
  }

  /** The highest id given so far. */
  get lastId(): number {
    return this.#lastId;
  }

  /** @returns how many were new. */
  append(arrivals: readonly Arrival[], floors: readonly Floor[]): number {
    const before = this.#lastId;
    try {
      return this.transaction(() => {
        const tops = this.#topsOf(floors);
        const touched = new Set(tops.keys());
        const covered = this.#coverHoles(arrivals, tops);
        for (const arrival of arrivals) {
          const series = this.series.findOrMake(arrival.meter, arrival.reading.epoch);
          touched.add(series);
          // It was stored, and may have left since; or its meter has said that it would never come.
          if (arrival.reading.seq <= series.seq) continue;
          const reading = this.#trimmed(series, covered.get(arrival.reading) ?? arrival.reading);
          const time = this.readings.insert(this.#lastId + 1, series, reading);
          if (time === undefined) continue;
          this.#lastId += 1;
          if (reading.seq === series.seq + 1) series.seq = reading.seq;
          this.rollups.add(series.meter, time, reading);
          this.standings.add(series.meter, time, reading);
          const gap = gapOf(arrival.meter, time, reading);
          if (gap) this.gaps.add(gap);
        }
        for (const [series, top] of tops) series.seq = Math.max(series.seq, top);
        for (const series of touched) this.series.save(series, this.#lastId);
        this.rollups.flush();
        this.standings.flush();
        return this.#lastId - before;
      });
    } catch (error) {
      this.#lastId = before;
      this.series.discard();
      this.rollups.discard();
      this.standings.discard();
      throw error;
    }
  }

  /** One batch; see `Expiry`. */
  expire(limits: Limits, stores: readonly string[], now: number): Expired {
    const forwarded = Math.min(this.#lastId, ...stores.map((store) => this.cursor(store)));
    return this.transaction(() => this.#expiry.expire(limits, forwarded, this.#lastId, now));
  }

  cursor(store: string): number {
    return Number(this.#db.prepare('SELECT id FROM cursor WHERE store = ?').get(store)?.id ?? 0);
  }

  saveCursor(store: string, id: number): void {
    this.#saveCursor.run(store, id);
  }

  transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      try {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      } catch {
        // What matters is why it did not go on.
      }
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }

  /** The highest floor of each series. */
  #topsOf(floors: readonly Floor[]): Map<Series, number> {
    const tops = new Map<Series, number>();
    for (const { meter, epoch, seq } of floors) {
      const series = this.series.findOrMake(meter, epoch);
      tops.set(series, Math.max(seq, tops.get(series) ?? 0));
    }
    return tops;
  }

  /** What covers time in which there are readings already covers it no more. */
  #trimmed({ meter }: Series, reading: Reading): Reading {
    const time = Date.parse(reading.time);
    const from = time - (reading.interval + (reading.gap_seconds ?? 0)) * 1000;
    if (!this.readings.someBetween(meter, from + ROUNDING, time)) return reading;
    const before = this.readings.beforeTime(meter, time);
    return before ? trimOverlap(before, reading) : reading;
  }

  /** The readings, by what they came as, that follow numbers which a floor has now given up. */
  #coverHoles(arrivals: readonly Arrival[], tops: ReadonlyMap<Series, number>): Map<Reading, Reading> {
    const covered = new Map<Reading, Reading>();
    for (const [series, top] of tops) {
      const readings = arrivals
        .filter(({ meter, reading }) => meter === series.name && reading.epoch === series.epoch)
        .map(({ reading }) => reading)
        .filter(({ seq }) => seq <= top)
        .sort((a, b) => a.seq - b.seq);
      let previous: Reading | undefined;
      for (const reading of readings) {
        const isNext = reading.seq <= (previous?.seq ?? series.seq) + 1;
        if (!isNext && !this.readings.holds(series, reading.seq)) {
          const held = this.readings.before(series, reading.seq);
          const before = held && held.seq > (previous?.seq ?? 0) ? held : previous;
          if (before && before.seq < reading.seq - 1) covered.set(reading, coverHole(before, reading));
        }
        previous = reading;
      }
    }
    return covered;
  }
}

/**
 * Brings all that was committed from the log into the database, fsynced.
 * @throws when the disk does, or another process holds it up.
 */
export function settle(db: DatabaseSync): void {
  const { log, checkpointed } = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {};
  // A reader may keep the log from being cut, but then all of it is in the database nonetheless.
  if (log !== checkpointed)
    throw new RetryError(`settling the journal: must write ${log} pages, wrote ${checkpointed}`);
}
