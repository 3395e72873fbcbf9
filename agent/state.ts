import { DatabaseSync } from 'node:sqlite';
import { openDatabase, troubleOf } from '../shared/database.ts';
import { reason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { Profile } from '../shared/wire.ts';
import type { HoldRecord, HoldStore } from './guard/hold.ts';
import type { Incident } from './guard/incident.ts';
import type { AnnouncementStore } from './home-assistant/announced.ts';
import type { ProfileStore } from './meters.ts';

/** Incidents kept; a stall an hour for a year. */
const MOST_INCIDENTS = 10_000;

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS incident (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS hold (watch TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS cadence (watch TEXT PRIMARY KEY, gaps TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS meter (name TEXT PRIMARY KEY, profile TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS announcement (topic TEXT PRIMARY KEY, payload TEXT NOT NULL, gone INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
`;

/**
 * What the agent must remember beside the journal: incidents, holds, learned cadences, which meters there are, and
 * what Home Assistant was told of them.
 */
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
  openIncident(incident: Omit<Incident, 'id'>): Incident {
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO incident (body) VALUES (?)')
      .run(JSON.stringify(incident));
    this.#db.prepare('DELETE FROM incident WHERE id <= ?').run(Number(lastInsertRowid) - MOST_INCIDENTS);
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

  /** What is left alone, and until when; a disk that refuses keeps nobody from holding until the next start. */
  holdStore(log: Log): HoldStore {
    return {
      load: () =>
        this.#db
          .prepare('SELECT body FROM hold')
          .all()
          .map(({ body }) => JSON.parse(String(body)) as HoldRecord),
      save: (holds) => {
        try {
          this.#saveHolds(holds);
        } catch (error) {
          log.error(`keeping the holds: ${reason(error)}; they last until the next start`);
        }
      },
    };
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

  /** What the meters of the house say they are. A disk that refuses costs it at the next start, until they say it again. */
  profileStore(log: Log): ProfileStore {
    return {
      load: () =>
        this.#db
          .prepare('SELECT name, profile FROM meter')
          .all()
          .map(({ name, profile }) => ({
            name: String(name),
            profile: JSON.parse(String(profile)) as Profile | null,
          })),
      save: (name, profile) => {
        try {
          this.#db
            .prepare('INSERT INTO meter VALUES (?, ?) ON CONFLICT DO UPDATE SET profile = excluded.profile')
            .run(name, JSON.stringify(profile));
        } catch (error) {
          log.error(`keeping the profile of ${name}: ${reason(error)}`);
        }
      },
    };
  }

  /** What a disk refuses to keep is announced all the same; only its end may be missed at the next start. */
  announcementStore(log: Log): AnnouncementStore {
    const keep = (topic: string, write: () => void) => {
      try {
        write();
      } catch (error) {
        log.error(`keeping what was announced on ${topic}: ${reason(error)}`);
      }
    };
    return {
      load: () =>
        this.#db
          .prepare('SELECT topic, payload, gone FROM announcement')
          .all()
          .map(({ topic, payload, gone }) => ({
            topic: String(topic),
            payload: String(payload),
            gone: gone === 1,
          })),
      save: ({ topic, payload, gone }) =>
        keep(topic, () =>
          this.#db
            .prepare(`INSERT INTO announcement VALUES (?, ?, ?)
              ON CONFLICT DO UPDATE SET payload = excluded.payload, gone = excluded.gone`)
            .run(topic, payload, gone ? 1 : 0),
        ),
      drop: (topic) =>
        keep(topic, () => this.#db.prepare('DELETE FROM announcement WHERE topic = ?').run(topic)),
    };
  }

  close(): void {
    this.#db.close();
  }

  #saveHolds(holds: readonly HoldRecord[]): void {
    this.#db.exec('BEGIN');
    try {
      this.#db.exec('DELETE FROM hold');
      const insert = this.#db.prepare('INSERT INTO hold VALUES (?, ?)');
      for (const hold of holds) insert.run(hold.watch, JSON.stringify(hold));
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}
