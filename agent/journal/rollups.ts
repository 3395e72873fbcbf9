import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Reading } from '../../shared/wire.ts';
import type { Calendar, Unit } from './calendar.ts';

/** The sums of one hour or day of local time; of all readings of the meter with this tariff and quality. */
export interface Rollup {
  meter: string;
  /** ms since 1970 UTC. */
  start: number;
  tariff: string;
  quality: Reading['quality'];
  /** Seconds that `energy` covers. */
  seconds: number;
  /** How many readings ended in it. */
  readings: number;
  /** kWh, of intervals and of what was counted in gaps. */
  energy: number;
  /** Currency, corrections of earlier costs included that came in it. */
  cost: number;
  /** kWh that were fed out, and the currency they earned; likewise. */
  exportEnergy: number;
  credit: number;
  /** W, negative where nothing but feeding out was seen; of a gap it is the mean. */
  maxPower: number;
}

const UNITS: Unit[] = ['hour', 'day'];
/** ms; what claims to cover more is spread over this much, for a wrong number must not make a million rows. */
const LONGEST = 400 * 24 * 3_600_000;
const WATTS_PER_KWH_A_SECOND = 3_600_000;

type Sums = Omit<Rollup, 'meter'> & { unit: Unit; meter: number };

/** What a reading says about a stretch of time. */
type Share = Pick<Sums, 'seconds' | 'energy' | 'cost' | 'exportEnergy' | 'credit' | 'maxPower'> & {
  /** What counts where it ends. */
  atEnd: Pick<Sums, 'readings' | 'cost' | 'credit'>;
};

const NOTHING = { readings: 0, cost: 0, credit: 0 };

/** Hourly and daily sums, which stay when their readings have left the journal. */
export class Rollups {
  readonly #calendar: Calendar;
  readonly #db: DatabaseSync;
  readonly #select: StatementSync;
  #save: StatementSync | undefined;
  /** Sums of the transaction under way: one row is written for all its readings of a bucket. */
  readonly #pending = new Map<string, Sums>();

  constructor(db: DatabaseSync, calendar: Calendar) {
    this.#calendar = calendar;
    this.#db = db;
    this.#select = db.prepare(`
      SELECT rollup.*, name
      FROM rollup JOIN meter ON meter.id = rollup.meter
      WHERE unit = ? AND start >= ? AND start < ? AND name = coalesce(?, name) ORDER BY start, name, tariff, quality`);
  }

  /** @param meter its number in this file. @param time of the reading as journalled, ms since 1970 UTC. */
  add(meter: number, time: number, reading: Reading): void {
    const { interval, gap_seconds = 0, gap_energy, gap_export_energy } = reading;
    const { cost_correction = 0, credit_correction = 0 } = reading;
    const start = time - interval * 1000;
    this.#spread(meter, reading, start, time, {
      seconds: interval,
      energy: reading.interval_energy,
      cost: reading.interval_cost,
      exportEnergy: reading.interval_export_energy ?? 0,
      credit: reading.interval_credit ?? 0,
      maxPower: reading.power,
      atEnd: { readings: 1, cost: cost_correction, credit: credit_correction },
    });
    // Of a gap whose energy nobody counted there is nothing to sum up.
    if (gap_energy === undefined && gap_export_energy === undefined) return;
    const [energy, exportEnergy] = [gap_energy ?? 0, gap_export_energy ?? 0];
    const watts = ((energy - exportEnergy) * WATTS_PER_KWH_A_SECOND) / gap_seconds;
    this.#spread(meter, reading, start - gap_seconds * 1000, start, {
      seconds: gap_seconds,
      ...{ energy, exportEnergy },
      cost: reading.gap_cost ?? 0,
      credit: reading.gap_credit ?? 0,
      maxPower: gap_seconds > 0 ? watts : reading.power,
      atEnd: NOTHING,
    });
  }

  /** Writes what was added since the last time. */
  flush(): void {
    // Made when it is needed: who only reads may have a file of an earlier version.
    this.#save ??= this.#db.prepare(`
      INSERT INTO rollup VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET
        seconds = seconds + excluded.seconds,
        readings = readings + excluded.readings,
        energy = energy + excluded.energy,
        cost = cost + excluded.cost,
        max_power = max(max_power, excluded.max_power),
        export_energy = export_energy + excluded.export_energy,
        credit = credit + excluded.credit`);
    for (const { unit, start, meter, tariff, quality, ...sums } of this.#pending.values()) {
      const { seconds, readings, energy, cost, maxPower, exportEnergy, credit } = sums;
      this.#save.run(
        ...[unit, start, meter, tariff, quality, seconds, readings, energy, cost, maxPower],
        ...[exportEnergy, credit],
      );
    }
    this.#pending.clear();
  }

  /** Forgets what was added since the last `flush`. */
  discard(): void {
    this.#pending.clear();
  }

  /** The sums whose hour or day begins in [from, to), in order; of one meter, or of all. */
  select(unit: Unit, from: number, to: number, meter?: string): Rollup[] {
    return this.#select.all(unit, from, to, meter ?? null).map((row) => ({
      meter: String(row.name),
      start: Number(row.start),
      tariff: String(row.tariff),
      quality: String(row.quality) as Reading['quality'],
      seconds: Number(row.seconds),
      readings: Number(row.readings),
      energy: Number(row.energy),
      cost: Number(row.cost),
      exportEnergy: Number(row.export_energy ?? 0),
      credit: Number(row.credit ?? 0),
      maxPower: Number(row.max_power),
    }));
  }

  /** Pro rata over the hours and days that [from, to) crosses; the reading itself counts where it ends. */
  #spread(meter: number, reading: Reading, from: number, to: number, share: Share): void {
    const begin = Math.max(from, to - LONGEST);
    for (const unit of UNITS) {
      for (let start = begin; ; ) {
        const bucket = this.#calendar(unit, start);
        const end = Math.min(bucket.end, to);
        const isLast = end >= to;
        const part = to > begin ? (end - start) / (to - begin) : 1;
        this.#sum(unit, bucket.start, meter, reading, share, part, isLast);
        if (isLast) break;
        start = end;
      }
    }
  }

  #sum(
    unit: Unit,
    start: number,
    meter: number,
    { tariff, quality }: Reading,
    share: Share,
    part: number,
    isLast: boolean,
  ): void {
    const key = `${unit} ${start} ${meter} ${quality} ${tariff}`;
    let sums = this.#pending.get(key);
    if (sums === undefined) {
      sums = {
        unit,
        start,
        meter,
        tariff,
        quality,
        seconds: 0,
        readings: 0,
        energy: 0,
        cost: 0,
        exportEnergy: 0,
        credit: 0,
        maxPower: share.maxPower,
      };
      this.#pending.set(key, sums);
    }
    const { readings, cost, credit } = isLast ? share.atEnd : NOTHING;
    sums.seconds += share.seconds * part;
    sums.readings += readings;
    sums.energy += share.energy * part;
    sums.cost += share.cost * part + cost;
    sums.exportEnergy += share.exportEnergy * part;
    sums.credit += share.credit * part + credit;
    sums.maxPower = Math.max(sums.maxPower, share.maxPower);
  }
}
