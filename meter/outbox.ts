import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Notifier } from '../shared/notifier.ts';
import type { Reading, UnnumberedReading, Watermark } from '../shared/wire.ts';
import type { AccountState } from './account.ts';

// NORMAL: a commit survives kill -9 but not a power cut, and costs no fsync. The agent has each reading
// on disk milliseconds later, so what a power cut could take is what it already has. See `#skipAhead`.
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS reading (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    epoch TEXT NOT NULL,
    last_seq INTEGER NOT NULL,
    account TEXT,
    boot TEXT NOT NULL
  ) STRICT;
`;

/** More readings than a power cut could take out of the file. */
const LOST_AT_MOST = 1_000_000;

/**
 * The meter's durable queue of readings that the agent's journal does not hold yet, together with the
 * totals they were made from: one transaction for both, so that neither can run ahead of the other.
 */
export class Outbox {
  /** Wakes when readings came or went. */
  readonly changed = new Notifier();
  readonly #db: DatabaseSync;
  readonly #limit: number;
  readonly #insert: StatementSync;
  readonly #saveState: StatementSync;
  readonly #dropOldest: StatementSync;
  #epoch: string;
  #lastSeq: number;
  #pending: number;
  #dropped = 0;

  /**
   * @param path of the database file; its folder is made when missing.
   * @param limit readings to keep; beyond it the oldest are dropped and counted.
   * @param boot names the present run of the machine.
   */
  constructor(path: string, limit: number, boot = bootOfMachine()) {
    mkdirSync(dirname(path), { recursive: true });
    this.#limit = limit;
    this.#db = new DatabaseSync(path);
    this.#db.exec(SCHEMA);
    this.#db.prepare('INSERT OR IGNORE INTO state VALUES (1, ?, 0, NULL, ?)').run(randomUUID(), boot);
    this.#skipAhead(boot);
    const state = this.#db.prepare('SELECT epoch, last_seq FROM state').get();
    this.#epoch = String(state?.epoch);
    this.#lastSeq = Number(state?.last_seq);
    this.#pending = Number(this.#db.prepare('SELECT count(*) AS count FROM reading').get()?.count);
    this.#insert = this.#db.prepare('INSERT INTO reading VALUES (?, ?)');
    this.#saveState = this.#db.prepare('UPDATE state SET last_seq = ?, account = ?');
    this.#dropOldest = this.#db.prepare(
      'DELETE FROM reading WHERE seq IN (SELECT seq FROM reading ORDER BY seq LIMIT ?)',
    );
  }

  /** Names this outbox: its readings count from 1 within it. */
  get epoch(): string {
    return this.#epoch;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Readings the journal is not known to hold. */
  get pending(): number {
    return this.#pending;
  }

  /** Readings given up since the process started, because the limit was reached. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The totals as of the last reading; undefined in a new outbox. */
  account(): AccountState | undefined {
    const text = this.#db.prepare('SELECT account FROM state').get()?.account;
    return typeof text === 'string' ? (JSON.parse(text) as AccountState) : undefined;
  }

  /** Numbers the reading and keeps it, with the totals that go with it. */
  append(reading: UnnumberedReading, account: AccountState): Reading {
    const seq = this.#lastSeq + 1;
    let dropped = 0;
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      this.#insert.run(seq, JSON.stringify(reading));
      this.#saveState.run(seq, JSON.stringify(account));
      const excess = this.#pending + 1 - this.#limit;
      if (excess > 0) dropped = Number(this.#dropOldest.run(excess).changes);
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
    this.#lastSeq = seq;
    this.#dropped += dropped;
    this.#pending += 1 - dropped;
    this.changed.notify();
    return this.#number(seq, reading);
  }

  /** The oldest readings, in order. */
  oldest(limit: number): Reading[] {
    const rows = this.#db.prepare('SELECT seq, body FROM reading ORDER BY seq LIMIT ?').all(limit);
    return rows.map(({ seq, body }) =>
      this.#number(Number(seq), JSON.parse(String(body)) as UnnumberedReading),
    );
  }

  /**
   * Lets go of what the journal holds. A watermark of another epoch says nothing about this outbox. One
   * beyond our last number means this file is an older copy of itself: it takes a new epoch, or readings
   * to come would pass for ones already stored.
   */
  settle(watermark: Watermark): 'settled' | 'foreign' | 'renewed' {
    if (watermark.epoch !== this.#epoch) return 'foreign';
    if (watermark.seq > this.#lastSeq) {
      this.#epoch = randomUUID();
      this.#db.prepare('UPDATE state SET epoch = ?').run(this.#epoch);
      this.changed.notify();
      return 'renewed';
    }
    const { changes } = this.#db.prepare('DELETE FROM reading WHERE seq <= ?').run(watermark.seq);
    this.#pending -= Number(changes);
    if (changes > 0) this.changed.notify();
    return 'settled';
  }

  close(): void {
    this.#db.close();
  }

  /**
   * After the machine was down, this file may be missing its latest readings. Their numbers must not be
   * given again: a watermark that speaks of the old ones would let go of the new ones.
   */
  #skipAhead(boot: string): void {
    this.#db
      .prepare('UPDATE state SET last_seq = last_seq + ?, boot = ? WHERE boot <> ?')
      .run(LOST_AT_MOST, boot, boot);
  }

  #number(seq: number, reading: UnnumberedReading): Reading {
    const { time, ...rest } = reading;
    return { time, epoch: this.#epoch, seq, ...rest } as Reading;
  }
}

/** Linux names each of its runs; where it does not, every start of the process counts as one. */
function bootOfMachine(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
}
