import { DatabaseSync } from 'node:sqlite';
import { openDatabase, troubleOf } from '../shared/database.ts';
import { reason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { HealStep } from './heal/healer.ts';

/** One stall, from the last message before it to its recovery. Times are wall clock, ms since 1970 UTC. */
export interface Incident {
  id: number;
  watch: string;
  /** When the last message before the silence came. */
  began: number;
  /** When the silence was judged a stall. */
  detected: number;
  /** When fresh messages proved that it is over. */
  recovered?: number;
  /** What convicted, in words. */
  verdict: string;
  tries: Try[];
  loss?: Loss;
}

/** One attempt to heal. */
export interface Try {
  at: number;
  target: string;
  result: 'running' | 'respected' | 'failed';
  /** What was found, or why it failed. */
  detail: string;
  steps: HealStep[];
}

/** What an incident cost. */
export interface Loss {
  /** Readings that would have come, at the usual cadence. */
  readings: number;
  /** Seconds without a stored reading. */
  seconds: number;
  /** kWh that nobody counted; 0 where the meter went on counting; an estimate otherwise. */
  energy: number;
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS incident (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS cadence (watch TEXT PRIMARY KEY, gaps TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** What the agent must remember beside the journal: incidents, and the cadences it has learned. */
export class AgentState {
  readonly #db: DatabaseSync;

  /**
   * @param path of the database file; a damaged one is set aside. On a disk that is full or failing, what is
   * learned is kept in memory until the process ends: the watches must not wait for a disk.
   */
  constructor(path: string, log: Log) {
    try {
      const { db, aside } = openDatabase(path, (db) => db.exec(SCHEMA));
      if (aside) log.error(aside, 'the record of incidents was damaged; it is set aside and a new one begun');
      this.#db = db;
    } catch (error) {
      if (!['full', 'failing'].includes(troubleOf(error))) throw error;
      log.error(
        { path },
        `opening the record of incidents: ${reason(error)}; kept in memory until the next start`,
      );
      this.#db = new DatabaseSync(':memory:');
      this.#db.exec(SCHEMA);
    }
  }

  /** @returns the incident with its number. */
  openIncident({ id: _, ...incident }: Incident): Incident {
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO incident (body) VALUES (?)')
      .run(JSON.stringify(incident));
    return { ...incident, id: Number(lastInsertRowid) };
  }

  saveIncident({ id, ...incident }: Incident): void {
    this.#db.prepare('UPDATE incident SET body = ? WHERE id = ?').run(JSON.stringify(incident), id);
  }

  /** The newest first. */
  incidents(limit: number): Incident[] {
    const rows = this.#db.prepare('SELECT id, body FROM incident ORDER BY id DESC LIMIT ?').all(limit);
    return rows.map(({ id, body }) => ({ ...JSON.parse(String(body)), id: Number(id) }) as Incident);
  }

  cadence(watch: string): number[] {
    const gaps = this.#db.prepare('SELECT gaps FROM cadence WHERE watch = ?').get(watch)?.gaps;
    return gaps === undefined ? [] : (JSON.parse(String(gaps)) as number[]);
  }

  saveCadence(watch: string, gaps: number[]): void {
    this.#db
      .prepare('INSERT INTO cadence VALUES (?, ?) ON CONFLICT DO UPDATE SET gaps = excluded.gaps')
      .run(watch, JSON.stringify(gaps.map(Math.round)));
  }

  close(): void {
    this.#db.close();
  }
}
