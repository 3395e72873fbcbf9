import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Reading } from '../../shared/wire.ts';
import type { Calendar, Unit } from './calendar.ts';

const UNITS: Unit[] = ['hour', 'day'];
const FIELDS = ['fixed_cost', 'gas', 'water'] as const;
export type StandingField = (typeof FIELDS)[number];

/** By how much a total grew in one hour or day of local time; since the last one told before it. */
export interface Growth {
  meter: string;
  /** ms since 1970 UTC. */
  start: number;
  field: StandingField;
  /** Of simulated readings; they never continue real ones. */
  simulated: boolean;
  /** m³ or currency. */
  amount: number;
}

interface Standing {
  unit: Unit;
  meter: number;
  field: StandingField;
  simulated: boolean;
  start: number;
  firstTime: number;
  first: number;
  lastTime: number;
  last: number;
}

/**
 * Totals that readings carry without saying what they grew by: how they stood at the beginning and the end of
 * each hour and day. So it does not matter in which order the readings come, nor how often.
 */
export class Standings {
  readonly #calendar: Calendar;
  readonly #save: StatementSync;
  readonly #select: StatementSync;
  /** Of the transaction under way. */
  readonly #pending = new Map<string, Standing>();

  constructor(db: DatabaseSync, calendar: Calendar) {
    this.#calendar = calendar;
    this.#save = db.prepare(`
      INSERT INTO standing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET
        first = iif(excluded.first_time < first_time, excluded.first, first),
        first_time = min(first_time, excluded.first_time),
        last = iif(excluded.last_time >= last_time, excluded.last, last),
        last_time = max(last_time, excluded.last_time)`);
    // All of the key's columns are named, so that each is a step into it.
    this.#select = db.prepare(`
      SELECT name, field, simulated, start, first, last, (
        SELECT before.last FROM standing AS before
        WHERE before.unit = now.unit AND before.meter = now.meter AND before.field = now.field
          AND before.simulated = now.simulated AND before.start < now.start
        ORDER BY before.start DESC LIMIT 1
      ) AS before
      FROM standing AS now JOIN meter ON meter.id = now.meter
      WHERE unit = ? AND meter IN (SELECT id FROM meter WHERE name = coalesce(?, name))
        AND field IN (${FIELDS.map((field) => `'${field}'`).join(', ')}) AND simulated IN (0, 1)
        AND start >= ? AND start < ?
      ORDER BY start, name, field, simulated`);
  }

  /** @param meter its number in this file. @param time of the reading as journalled, ms since 1970 UTC. */
  add(meter: number, time: number, reading: Reading): void {
    for (const field of FIELDS) {
      const value = reading[field];
      if (value === undefined) continue;
      const simulated = reading.quality === 'simulated';
      for (const unit of UNITS) {
        // An interval that ends with an hour belongs to it.
        const { start } = this.#calendar(unit, reading.interval > 0 ? time - 1 : time);
        this.#note({ unit, meter, field, simulated, start }, time, value);
      }
    }
  }

  /** Writes what was added since the last time. */
  flush(): void {
    for (const { unit, meter, field, simulated, start, ...rest } of this.#pending.values()) {
      const { firstTime, first, lastTime, last } = rest;
      this.#save.run(unit, meter, field, simulated ? 1 : 0, start, firstTime, first, lastTime, last);
    }
    this.#pending.clear();
  }

  /** Forgets what was added since the last `flush`. */
  discard(): void {
    this.#pending.clear();
  }

  /** Of the hours or days that begin in [from, to), in order; of one meter, or of all. */
  select(unit: Unit, from: number, to: number, meter?: string): Growth[] {
    return this.#select.all(unit, meter ?? null, from, to).map((row) => {
      const [first, last] = [Number(row.first), Number(row.last)];
      const before = Number(row.before ?? first);
      return {
        meter: String(row.name),
        start: Number(row.start),
        field: String(row.field) as StandingField,
        simulated: row.simulated === 1,
        // What goes back is another meter, or was begun anew: between the two nobody knows.
        amount: Math.max(0, first - before) + Math.max(0, last - first),
      };
    });
  }

  #note(
    where: Pick<Standing, 'unit' | 'meter' | 'field' | 'simulated' | 'start'>,
    time: number,
    value: number,
  ) {
    const key = Object.values(where).join(' ');
    const known = this.#pending.get(key);
    if (known === undefined) {
      this.#pending.set(key, { ...where, firstTime: time, first: value, lastTime: time, last: value });
      return;
    }
    if (time < known.firstTime) Object.assign(known, { firstTime: time, first: value });
    if (time >= known.lastTime) Object.assign(known, { lastTime: time, last: value });
  }
}
