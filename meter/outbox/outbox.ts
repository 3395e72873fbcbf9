import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Log } from '../../shared/log.ts';
import { Notifier } from '../../shared/notifier.ts';
import type { Reading, UnnumberedReading, Watermark } from '../../shared/wire.ts';
import type { AccountState } from '../account.ts';
import { isDisk, readAccount } from './blind.ts';
import { Disk, type DiskStatus } from './disk.ts';
import { Held } from './held.ts';
import { Numbers, pendingOf, type Run, seqOf } from './numbers.ts';

export interface OutboxOptions {
  /** Bytes on disk; beyond it the oldest readings are dropped and counted. */
  size: number;
  /** ms; readings that are older than the newest by more are dropped and counted. */
  age: number;
  log: Log;
  /** Wall clock, ms since 1970. */
  now?: () => number;
  /** Names the present run of the machine. */
  boot?: string;
  /** What else is to be kept with each reading's account, as of then. */
  beside?: () => object;
}

/** For the diagnostics. */
export interface OutboxStatus extends DiskStatus {
  /** Readings the journal is not known to hold. */
  pending: number;
  /** Readings in memory only, because the disk refuses them. */
  unwritten: number;
  /** In use on disk. */
  bytes: number;
  /** Time of the oldest pending reading. */
  oldest?: string;
  /** Readings given up since the process started, by the limit that they passed. */
  dropped: { age: number; size: number; memory: number };
}

/** Settled rows wait for so many others, so that one commit deletes them all. */
const SETTLED_AT_MOST = 500;
/** Rows that make room when the file is full. */
const DROPPED_AT_ONCE = 500;
const DROPPED_BY_AGE = 2;
/** Bytes of readings that are kept in memory while the disk refuses them: about nine hours. */
const MEMORY = 16_000_000;
/** After so many writes that failed, one in as many is tried: a minute apart at the usual cadence. */
const TRIES = 50;

/**
 * The meter's durable queue of readings that the agent's journal does not hold yet, together with the
 * account they were made from: one row for both, so that neither can run ahead of the other.
 *
 * While the disk refuses, readings are numbered and kept in memory. A kill forgets such numbers, and they
 * must not be given again: so they are of a new epoch. So are those after the machine was down, when the
 * file may have lost its latest rows, and those after it was damaged.
 */
export class Outbox {
  /** Wakes when readings came or went. */
  readonly changed = new Notifier();
  readonly #options: Required<OutboxOptions>;
  readonly #numbers: Numbers;
  readonly #held = new Held();
  readonly #disk: Disk;
  #account: AccountState | undefined;
  /** Time of the oldest pending row. */
  #oldest: { row: number; time: string } | undefined;
  /** Writes that failed in a row. */
  #failures = 0;
  #dropping = false;
  readonly #dropped: OutboxStatus['dropped'] = { age: 0, size: 0, memory: 0 };

  /**
   * @param path of the database file; its folder is made when missing.
   * @throws when the path is wrong, but not for a disk that is full or fails.
   */
  constructor(path: string, options: OutboxOptions) {
    this.#options = { now: Date.now, boot: bootOfMachine(), beside: () => ({}), ...options };
    this.#numbers = new Numbers(this.#options.boot);
    let opened = false;
    this.#disk = new Disk(path, {
      now: this.#options.now,
      log: this.#options.log,
      epochs: () => this.#numbers.runs,
      onOpen: (file, whole) => {
        this.#held.move(this.#numbers.load(file.runs(), whole && !opened));
        this.#oldest = undefined;
        this.#account ??= file.account();
        opened = true;
      },
    });
    try {
      this.#disk.open();
    } catch (error) {
      if (!isDisk(error, path)) throw error;
      this.#disk.failed(error);
      this.#account ??= readAccount(path);
    }
    opened = true;
  }

  /** Readings the journal is not known to hold. */
  get pending(): number {
    return this.#numbers.pending;
  }

  /** The totals as of the last reading; undefined in a new outbox. */
  get account(): AccountState | undefined {
    return this.#account;
  }

  get status(): OutboxStatus {
    const oldest = this.#oldestTime();
    return {
      ...this.#disk.status,
      dropped: { ...this.#dropped },
      pending: this.pending,
      unwritten: this.#held.rows.length,
      bytes: this.#bytes(),
      ...(oldest === undefined ? {} : { oldest }),
    };
  }

  /** Numbers the reading and keeps it, with the account that goes with it: on disk, or else in memory. */
  append(reading: UnnumberedReading, account: AccountState): Reading {
    const id = this.#numbers.add();
    const kept = { ...account, ...this.#options.beside() };
    this.#held.push({ id, body: JSON.stringify(reading), account: JSON.stringify(kept) });
    this.#account = kept;
    if (this.#failures < TRIES || this.#failures % TRIES === 0) this.#write();
    else this.#failures += 1;
    this.#limit(Date.parse(reading.time));
    this.changed.notify();
    const { newest, runs } = this.#numbers;
    const run = runs.at(-1);
    if (run === undefined) throw new Error('appending a reading: must leave a run, left none');
    return numbered(run, newest, reading);
  }

  /** The oldest readings, in order and of one epoch. */
  oldest(limit: number): Reading[] {
    for (const run of this.#numbers.runs) {
      if (pendingOf(run) === 0) continue;
      const readings = run.recorded
        ? this.#disk.try((file) =>
            file.read(run.from, run.to, limit).map(({ id, body }) => parsed(run, id, body)),
          )
        : this.#held.read(run.from, run.to, limit).map(({ id, body }) => parsed(run, id, body));
      if (readings && readings.length > 0) return readings;
    }
    return [];
  }

  /** Whether a reading is still pending. */
  holds(reading: Watermark): boolean {
    return this.#numbers.holds(reading);
  }

  /**
   * Lets go of what the journal holds. A watermark of an epoch that is not held says nothing about this
   * outbox. One beyond our last number means this file is an older copy of itself: what is pending takes
   * a new epoch, or readings to come would pass for ones already stored.
   */
  settle(watermark: Watermark): 'settled' | 'foreign' | 'renewed' {
    const before = this.pending;
    const outcome = this.#numbers.settle(watermark);
    if (outcome === 'foreign') return 'foreign';
    if (outcome === 'ahead') this.#renew();
    else this.#delete(SETTLED_AT_MOST);
    if (outcome === 'ahead' || this.pending < before) this.changed.notify();
    return outcome === 'ahead' ? 'renewed' : 'settled';
  }

  close(): void {
    this.#write();
    this.#delete(1);
    const lost = this.#held.rows.length;
    if (lost > 0)
      this.#options.log.error({ lost }, 'the disk refused readings to the end; what memory held is lost');
    this.#disk.close();
  }

  /** Writes all that memory holds, or keeps it there. */
  #write(): void {
    const { rows } = this.#held;
    if (rows.length === 0) return;
    try {
      if (this.#failures > 0 && this.#failures % TRIES === 0) this.#disk.renew();
      this.#disk.open().write(this.#held.rows, this.#numbers.unrecorded);
    } catch (error) {
      this.#numbers.refused();
      this.#failures += 1;
      if (this.#disk.failed(error)) this.#write();
      return;
    }
    if (this.#failures > 0)
      this.#options.log.info({ readings: rows.length }, 'the disk takes readings again');
    this.#failures = 0;
    this.#disk.succeeded();
    this.#numbers.recorded();
    this.#held.keep(() => false);
  }

  /** Drops what is too old or too much, oldest first. */
  #limit(now: number): void {
    const { size, age } = this.#options;
    // Few at a time: a wall clock that jumps ahead for a minute must not empty the outbox.
    for (let count = 0; count < DROPPED_BY_AGE && this.pending > 1; count += 1) {
      if (now - Date.parse(this.#oldestTime() ?? '') > age) this.#drop('age', 1, () => true);
    }
    if (this.#bytes() > size) {
      this.#delete(1);
      if (this.#bytes() > size) this.#drop('size', DROPPED_AT_ONCE, ({ recorded }) => recorded);
    }
    if (this.#held.bytes > MEMORY) this.#drop('memory', DROPPED_AT_ONCE, ({ recorded }) => !recorded);
    this.#delete(SETTLED_AT_MOST);
    if (this.pending <= 1) this.#dropping = false;
  }

  #drop(limit: keyof OutboxStatus['dropped'], count: number, of: (run: Run) => boolean): void {
    this.#dropped[limit] += this.#numbers.drop(count, of);
    if (!this.#dropping) this.#options.log.warn({ limit }, 'the outbox is full: its oldest readings go');
    this.#dropping = true;
  }

  /** Lets go of settled rows, once there are so many. */
  #delete(atLeast: number): void {
    if (this.#held.rows.length > 0) {
      this.#numbers.forget();
      this.#held.keep(({ id }) => id >= (this.#numbers.runOf(id)?.kept ?? 0));
    }
    const ranges = this.#numbers.deletable();
    if (ranges.reduce((count, { first, before }) => count + before - first, 0) < atLeast) return;
    const deleted = this.#disk.try((file) => {
      file.remove(ranges);
      return true;
    });
    if (deleted) this.#numbers.deleted(ranges);
  }

  #renew(): void {
    const epoch = this.#numbers.renewal();
    const kept = this.#disk.try((file) => {
      if (epoch) file.write([], [epoch]);
      return epoch;
    });
    this.#numbers.renew(kept);
  }

  #oldestTime(): string | undefined {
    const row = this.#numbers.runs.find((run) => pendingOf(run) > 0)?.from;
    if (row === undefined) return undefined;
    if (this.#oldest?.row !== row) {
      const time = this.oldest(1)[0]?.time;
      this.#oldest = time === undefined ? undefined : { row, time };
    }
    return this.#oldest?.time;
  }

  #bytes(): number {
    return this.#disk.try((file) => file.bytes) ?? 0;
  }
}

function parsed(run: Run, row: number, body: string): Reading {
  return numbered(run, row, JSON.parse(body) as UnnumberedReading);
}

function numbered(run: Run, row: number, { time, ...rest }: UnnumberedReading): Reading {
  return { time, epoch: run.name, seq: seqOf(run, row), ...rest } as Reading;
}

/** Linux names each of its runs; where it does not, every start of the process counts as one. */
function bootOfMachine(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
}
