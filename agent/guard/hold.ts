/** When a watch is left alone: because somebody asked for it, or because the settings say so. */
import { Temporal } from 'temporal-polyfill';
import { duration } from '../../shared/settings/rules.ts';
import type { MaintenanceSettings } from '../../shared/settings/schema.ts';
import { DAYS } from '../../shared/settings/watch.ts';

/** How long a hold may be asked for, such as `2h` → ms. */
export const holdTime = duration.refine((ms) => ms >= 1000, { error: 'must be at least 1s' });

/** A hold that somebody asked for. */
export interface HoldRecord {
  watch: string;
  /** ms since 1970 UTC. */
  until: number;
  by: string;
}

/** Where holds outlive the agent. */
export interface HoldStore {
  load(): HoldRecord[];
  save(holds: HoldRecord[]): void;
}

/** Why a watch is left alone, in words, and until when, ms since 1970 UTC. */
export interface Hold {
  until: number;
  why: string;
}

/** A hold that ends later was made by a clock that was wrong; nobody is left alone for ever. */
const LONGEST = 30 * 86_400_000;

export class Holds {
  readonly #store: HoldStore;
  readonly #asked: Map<string, HoldRecord>;
  readonly #maintenance: (watch: string, now: number) => Hold | undefined;

  /** @param zone IANA name, of the maintenance windows; undefined for this machine's. */
  constructor(store: HoldStore, windows: readonly MaintenanceSettings[], zone: string | undefined) {
    this.#store = store;
    this.#asked = new Map(store.load().map((record) => [record.watch, record]));
    this.#maintenance = createMaintenance(windows, zone);
  }

  /** Replaces an earlier hold of the same watch, be it longer or shorter. */
  hold(watch: string, until: number, by: string): void {
    this.#asked.set(watch, { watch, until, by });
    this.#save();
  }

  /** Ends what was asked for; a maintenance window goes on. */
  release(watch: string): void {
    if (this.#asked.delete(watch)) this.#save();
  }

  /** Why nothing may be restarted now; the reason that lasts longer. Costs next to nothing. */
  held(watch: string, now: number): Hold | undefined {
    const maintenance = this.#maintenance(watch, now);
    const asked = this.#asked.get(watch);
    if (asked === undefined || asked.until <= now || asked.until > now + LONGEST) return maintenance;
    if (maintenance !== undefined && maintenance.until > asked.until) return maintenance;
    return { until: asked.until, why: `held by ${asked.by}` };
  }

  #save(): void {
    this.#store.save([...this.#asked.values()]);
  }
}

/** A stretch of time in which the answer is the same; half open. */
interface Span {
  from: number;
  to: number;
  hold: Hold | undefined;
}

/** Looks at the calendar only when the answer may have changed. */
function createMaintenance(
  windows: readonly MaintenanceSettings[],
  zone = Temporal.Now.timeZoneId(),
): (watch: string, now: number) => Hold | undefined {
  const spans = new Map<string, Span>();
  return (watch, now) => {
    let span = spans.get(watch);
    if (span === undefined || now < span.from || now >= span.to) {
      const own = windows.filter(({ watches }) => watches === undefined || watches.includes(watch));
      span = spanAt(own, now, zone);
      spans.set(watch, span);
    }
    return span.hold;
  };
}

/** Windows that touch or overlap are one hold. */
function spanAt(windows: readonly MaintenanceSettings[], now: number, zone: string): Span {
  const occurrences = occurrencesAround(windows, now, zone);
  const active = occurrences.find(({ start, end }) => start <= now && now < end);
  if (active === undefined) {
    const next = occurrences.find(({ start }) => start > now);
    // Without any this week there is none: every window comes weekly.
    return { from: now, to: next?.start ?? Number.POSITIVE_INFINITY, hold: undefined };
  }
  let until = active.end;
  for (const { start, end } of occurrences) if (start <= until) until = Math.max(until, end);
  return { from: now, to: until, hold: { until, why: active.why } };
}

interface Occurrence {
  start: number;
  end: number;
  why: string;
}

/** All that begin from yesterday until in a week, by their start. */
function occurrencesAround(windows: readonly MaintenanceSettings[], now: number, zone: string): Occurrence[] {
  const today = Temporal.Instant.fromEpochMilliseconds(Math.floor(now))
    .toZonedDateTimeISO(zone)
    .toPlainDate();
  const found: Occurrence[] = [];
  for (let offset = -1; offset <= 8; offset += 1) {
    const day = today.add({ days: offset });
    const weekday = DAYS[day.dayOfWeek - 1];
    for (const { days, from, to } of windows) {
      if (!days.some((name) => name === weekday)) continue;
      // Of an hour that comes twice, both belong to the window; one that is left out is as if it had passed.
      const start = instantOf(day, from, zone, 'compatible');
      const end = instantOf(to > from ? day : day.add({ days: 1 }), to, zone, 'later');
      found.push({ start, end, why: `maintenance, ${from} to ${to}` });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

/** ms since 1970 UTC; `24:00` is the next day's beginning. */
function instantOf(
  day: Temporal.PlainDate,
  timeOfDay: string,
  zone: string,
  disambiguation: 'compatible' | 'later',
): number {
  if (timeOfDay === '24:00') return day.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds;
  return day.toPlainDateTime(timeOfDay).toZonedDateTime(zone, { disambiguation }).epochMilliseconds;
}
