import { readFileSync, statSync } from 'node:fs';
import { Temporal } from 'temporal-polyfill';
import { RetryError, reason } from '../../../shared/errors.ts';
import type { PriceSource } from '../../../shared/settings/dynamic.ts';
import type { Entry, Parsed } from './entry.ts';
import type { Fetcher } from './fetch.ts';
import { nextPage } from './octopus.ts';
import { parsePrices, type Where } from './parse.ts';

/** Bytes of a file. */
const LARGEST_FILE = 16_000_000;
/** Pages of one answer: a year of half hours, a hundred a page. */
const MOST_PAGES = 200;
const OF_A_DAY = /\{(date|year|month|day)\}/;
/** Nord Pool's days are those of Central European Time. */
const NORDPOOL_ZONE = 'Europe/Oslo';

/** A stretch of time; half open, ms since 1970 UTC. */
export interface Range {
  from: number;
  to: number;
}

/** Where prices come from. */
export interface Source {
  /**
   * What is published for a range; undefined where nothing has changed since it was last asked for.
   * @throws RetryError when it may succeed later, naming neither a token nor the query of a URL.
   */
  read(range: Range, signal: AbortSignal): Promise<Parsed | undefined>;
}

/** @param isKnown tells the days of {date} that need not be asked for again. */
export function openSource(
  settings: PriceSource,
  where: Where,
  fetcher: Fetcher,
  isKnown: (day: Range) => boolean = () => false,
): Source {
  const { file, url = '', body } = settings;
  if (file !== undefined) return fileSource(file, settings, where);
  return {
    async read(range, signal) {
      const zone = settings.zone ?? (settings.shape === 'nordpool' ? NORDPOOL_ZONE : where.zone);
      const isByDay = OF_A_DAY.test(url) || OF_A_DAY.test(body ?? '');
      const asked = isByDay ? daysOf(range, zone).filter((day) => !isKnown(day)) : [range];
      const found: Parsed[] = [];
      for (const stretch of asked) {
        const request = body === undefined ? settings : { ...settings, body: filled(body, stretch, zone) };
        let next: string | undefined = filled(url, stretch, zone);
        for (let page = 0; next !== undefined && page < MOST_PAGES; page += 1) {
          const answer = await fetcher.get(next, request, signal);
          if (answer.kind !== 'document') break;
          found.push(parsePrices(answer.document, settings, where));
          next = settings.shape === 'octopus' ? pageOf(next, nextPage(answer.document)) : undefined;
        }
      }
      return found.length === 0 ? undefined : joined(found);
    },
  };
}

/** A file is read when it has changed. */
function fileSource(path: string, settings: PriceSource, where: Where): Source {
  let seen = '';
  return {
    async read() {
      try {
        const { mtimeMs, size, ino } = statSync(path);
        const version = `${mtimeMs} ${size} ${ino}`;
        if (version === seen) return undefined;
        if (size > LARGEST_FILE) throw new Error(`must be of at most ${LARGEST_FILE} bytes, got ${size}`);
        const parsed = parsePrices(JSON.parse(readFileSync(path, 'utf8')), settings, where);
        // One that could not be read is being written, perhaps: it is looked at again.
        seen = version;
        return parsed;
      } catch (error) {
        throw new RetryError(`reading prices from ${path}: ${reason(error)}`);
      }
    },
  };
}

/** Every local day that a range touches. */
function daysOf({ from, to }: Range, zone: string): Range[] {
  const days: Range[] = [];
  let day = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone).startOfDay();
  while (day.epochMilliseconds < to) {
    const next = day.add({ days: 1 }).startOfDay();
    days.push({ from: day.epochMilliseconds, to: next.epochMilliseconds });
    day = next;
  }
  return days;
}

/** `{from}` and `{to}` as 2026-11-01T00:00:00Z, `{from_ms}` as 1793491200000, `{date}` as 2026-11-01, `{day}` as 01. */
function filled(text: string, { from, to }: Range, zone: string): string {
  const instant = (time: number) => new Date(time).toISOString().replace(/\.\d+/, '');
  const date = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone).toPlainDate().toString();
  const [year, month, day] = date.split('-');
  const values: Record<string, string | undefined> = {
    ...{ from: instant(from), to: instant(to), from_ms: `${from}`, to_ms: `${to}` },
    ...{ date, year, month, day },
  };
  return text.replaceAll(/\{([a-z_]+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The next page's URL, on the same host: a token goes nowhere else. */
function pageOf(current: string, next: string | undefined): string | undefined {
  if (next === undefined || !URL.canParse(next, current)) return undefined;
  const here = new URL(current);
  const there = new URL(next, current);
  return there.host === here.host ? `${here.origin}${there.pathname}${there.search}` : undefined;
}

function joined(found: readonly Parsed[]): Parsed {
  const entries: Entry[] = found.flatMap((parsed) => parsed.entries);
  return { entries, problems: [...new Set(found.flatMap((parsed) => parsed.problems))] };
}
