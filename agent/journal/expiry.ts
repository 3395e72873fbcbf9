import type { DatabaseSync, StatementSync } from 'node:sqlite';

export interface Limits {
  /** ms; readings that are older leave the journal. */
  age: number;
  /** Bytes of the file that may be in use. */
  size: number;
}

/** How many readings left the journal; of them, those that a store was still to be given. */
export interface Expired {
  readings: number;
  unforwarded: number;
}

/** Readings that one call deletes at most: other work waits for no more than some milliseconds. */
const BATCH = 500;

/** Takes readings out of one open file, the oldest first. Its pages are used again; the file never shrinks. */
export class Expiry {
  readonly #pages: StatementSync;
  readonly #newest: StatementSync;
  readonly #deleteAged: StatementSync;
  readonly #oldest: StatementSync;
  readonly #deleteUpTo: StatementSync;

  constructor(db: DatabaseSync) {
    this.#pages = db.prepare(`
      SELECT (page_count - freelist_count) * page_size AS used
      FROM pragma_page_count, pragma_freelist_count, pragma_page_size`);
    this.#newest = db.prepare(`
      SELECT id AS meter, (SELECT max(time) FROM reading WHERE meter = meter.id) AS time FROM meter`);
    this.#deleteAged = db.prepare(`
      DELETE FROM reading WHERE id IN (
        SELECT id FROM (SELECT id FROM reading WHERE meter = ? AND time < ? ORDER BY time LIMIT ?) WHERE id <= ?
      )`);
    this.#oldest = db.prepare(`
      SELECT coalesce(max(id), 0) AS last, count(*) AS readings, coalesce(sum(id > ?), 0) AS unforwarded
      FROM (SELECT id FROM reading WHERE id < ? ORDER BY id LIMIT ?)`);
    this.#deleteUpTo = db.prepare('DELETE FROM reading WHERE id <= ?');
  }

  /** Bytes of the file that are in use. */
  size(): number {
    return Number(this.#pages.get()?.used);
  }

  /**
   * Deletes a batch of what is too old and not needed by any store; and of the oldest that came, needed or
   * not, while the file is too large. The newest entry stays.
   *
   * Age counts from the newest reading of a meter and from `now`, whichever is earlier: neither a meter's
   * clock that ran ahead nor ours can empty the journal.
   *
   * @param forwarded the last entry that every store holds for good.
   */
  expire({ age, size }: Limits, forwarded: number, lastId: number, now: number): Expired {
    let readings = 0;
    for (const { meter, time } of this.#newest.all()) {
      if (time === null || readings >= BATCH) continue;
      const before = Math.min(Number(time), now) - age;
      readings += Number(this.#deleteAged.run(meter ?? null, before, BATCH - readings, forwarded).changes);
    }
    if (readings > 0 || this.size() <= size) return { readings, unforwarded: 0 };
    const oldest = this.#oldest.get(forwarded, lastId, BATCH);
    this.#deleteUpTo.run(Number(oldest?.last));
    return { readings: Number(oldest?.readings), unforwarded: Number(oldest?.unforwarded) };
  }
}
