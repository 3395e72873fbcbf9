import { DatabaseSync } from 'node:sqlite';
import { openDatabase, troubleOf } from '../../shared/database.ts';
import { reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Time } from '../../shared/time.ts';
import type { Incident } from '../guard/incident.ts';
import type { Stage } from './message.ts';

/** What one service knows of one incident, and the incident as it stands. */
export interface Entry {
  readonly key: string;
  readonly service: string;
  incident: Incident;
  /** What the service was told last, and the id of the message where it has one. */
  told?: { stage: Stage; text: string; id?: string };
  /** The service will have none of it. */
  refused?: boolean;
  /** How often the service failed at it. */
  failures?: number;
  /** When the incident last changed, ms since 1970 UTC. */
  changed: number;
  /** When it came, on the monotonic clock; long ago for what an earlier process left. */
  since: number;
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS entry (
    key TEXT, service TEXT, body TEXT NOT NULL, PRIMARY KEY (key, service)
  ) STRICT, WITHOUT ROWID;
`;
/** Entries; beyond it the oldest go. */
const MOST = 1000;

/**
 * What is to be told, one entry an incident and service. It works in memory; the file is what a next process
 * begins with, and where it cannot be written nothing else stops.
 */
export class Queue {
  readonly #db: DatabaseSync;
  readonly #time: Pick<Time, 'now' | 'monotonic'>;
  readonly #log: Log;
  readonly #entries = new Map<string, Entry>();
  /** What the file does not know yet; undefined for what is to leave it. */
  readonly #unsaved = new Map<string, Entry | undefined>();
  #failing = false;

  /** @param path of the database file; a damaged one is set aside, and a full disk done without. */
  constructor(
    path: string,
    services: readonly string[],
    deps: { time: Pick<Time, 'now' | 'monotonic'>; log: Log },
  ) {
    this.#time = deps.time;
    this.#log = deps.log;
    this.#db = openOrDoWithout(path, deps.log);
    for (const { key, service, body } of this.#db.prepare('SELECT key, service, body FROM entry').all()) {
      const entry: Entry = { ...JSON.parse(String(body)), key, service, since: Number.NEGATIVE_INFINITY };
      if (services.includes(entry.service)) this.#entries.set(nameOf(entry), entry);
      else this.#unsaved.set(nameOf(entry), undefined);
    }
  }

  /** The incident as it now stands, for each of the services. Nothing is written yet. */
  put(incident: Incident, services: readonly string[]): void {
    const key = keyOf(incident);
    const changed = this.#time.now();
    for (const service of services) {
      const entry = this.#entries.get(nameOf({ key, service })) ?? {
        key,
        service,
        incident,
        changed,
        since: this.#time.monotonic(),
      };
      this.#keep(Object.assign(entry, { incident, changed }));
    }
    if (this.#entries.size <= MOST) return;
    const byAge = [...this.#entries.values()].sort((a, b) => a.changed - b.changed);
    for (const entry of byAge.slice(0, -MOST)) this.forget(entry);
  }

  /** Of one service, the oldest incident first. */
  of(service: string): Entry[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.service === service)
      .sort((a, b) => a.incident.detected - b.incident.detected);
  }

  told(entry: Entry, told: NonNullable<Entry['told']>): void {
    this.#keep(Object.assign(entry, { told }));
  }

  refused(entry: Entry): void {
    this.#keep(Object.assign(entry, { refused: true }));
  }

  forget(entry: Entry): void {
    this.#entries.delete(nameOf(entry));
    this.#unsaved.set(nameOf(entry), undefined);
  }

  /** Brings the file up to date; what it does not take now is offered again the next time. */
  save(): void {
    if (this.#unsaved.size === 0) return;
    try {
      this.#write();
      this.#unsaved.clear();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#log.error(`saving what is to be told: ${reason(error)}; kept in memory`);
      this.#failing = true;
    }
  }

  close(): void {
    this.save();
    this.#db.close();
  }

  #keep(entry: Entry): void {
    this.#entries.set(nameOf(entry), entry);
    this.#unsaved.set(nameOf(entry), entry);
  }

  #write(): void {
    const put = this.#db.prepare('INSERT OR REPLACE INTO entry (key, service, body) VALUES (?, ?, ?)');
    const remove = this.#db.prepare('DELETE FROM entry WHERE key = ? AND service = ?');
    this.#db.exec('BEGIN');
    try {
      for (const [name, entry] of this.#unsaved) {
        const [service = '', key = ''] = name.split('/');
        if (entry === undefined) remove.run(key, service);
        else {
          const { key: _key, service: _service, since: _since, ...body } = entry;
          put.run(key, service, JSON.stringify(body));
        }
      }
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

/**
 * The same for the same incident, also when the agent's own record was lost and its numbers began anew.
 * 1 to 64 of letters, digits, _ and -.
 */
export function keyOf({ watch, detected }: Incident): string {
  return `${watch.replace(/[^\w-]/g, '_').slice(0, 40)}-${Math.round(detected)}`;
}

/** Neither part has a slash. */
function nameOf({ key, service }: Pick<Entry, 'key' | 'service'>): string {
  return `${service}/${key}`;
}

function openOrDoWithout(path: string, log: Log): DatabaseSync {
  try {
    const { db, aside } = openDatabase(path, (db) => db.exec(SCHEMA));
    if (aside) log.error(aside, 'the queue of messages was damaged; it is set aside and a new one begun');
    return db;
  } catch (error) {
    if (!['full', 'failing'].includes(troubleOf(error))) throw error;
    log.error(
      { path },
      `opening the queue of messages: ${reason(error)}; kept in memory until the next start`,
    );
    const db = new DatabaseSync(':memory:');
    db.exec(SCHEMA);
    return db;
  }
}
