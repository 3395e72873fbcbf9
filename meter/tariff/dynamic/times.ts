import { Temporal } from 'temporal-polyfill';
import { numberOf } from './json.ts';

/** What is less in size is seconds since 1970, what is more milliseconds. */
const SECONDS_BELOW = 1e11;

/** The start and the end of an entry. */
export interface Span {
  from: number | undefined;
  to: number | undefined;
}

/**
 * Reads times as they come in documents, as ms since 1970 UTC: seconds or milliseconds since 1970, and ISO 8601
 * with or without an offset. Without one they are local, and in autumn an hour of local time comes twice: the
 * first time a document names such a moment it is the earlier, then the later.
 *
 * @param zone IANA name, of times that name none.
 * @param descending whether the document's newest entry is its first.
 */
export function createTimes(zone: string, descending: boolean): (from: unknown, to?: unknown) => Span {
  const seen = new Set<string>();

  const instantOf = (value: unknown): number | undefined => {
    const number = numberOf(value);
    if (number !== undefined) return Math.abs(number) < SECONDS_BELOW ? number * 1000 : number;
    if (typeof value !== 'string') return undefined;
    try {
      return Temporal.Instant.from(value.trim()).epochMilliseconds;
    } catch {
      return undefined;
    }
  };

  const startOf = (plain: Temporal.PlainDateTime): number => {
    const [earlier, later] = bothOf(plain, zone);
    if (earlier === later) return earlier;
    // Of a time that the clocks jump over, both are real moments: the one after the jump is meant.
    if (!isLocal(earlier, plain, zone)) return later;
    const again = seen.has(plain.toString());
    seen.add(plain.toString());
    return again === descending ? earlier : later;
  };

  return (from, to) => {
    const localFrom = plainOf(from);
    const localTo = plainOf(to);
    const start = localFrom === undefined ? instantOf(from) : startOf(localFrom);
    if (localTo === undefined || start === undefined) return { from: start, to: instantOf(to) };
    const ends = bothOf(localTo, zone).filter((end) => end > start);
    // Where the clocks change inside the entry, its length by the clock on the wall says which end is meant.
    if (localFrom !== undefined) {
      const length = localFrom.until(localTo).total({ unit: 'millisecond' });
      if (length > 0) ends.push(start + length);
    }
    return { from: start, to: ends.length === 0 ? start : Math.min(...ends) };
  };
}

function plainOf(value: unknown): Temporal.PlainDateTime | undefined {
  if (typeof value !== 'string' || !/^\d{4}-?\d{2}-?\d{2}([T ]\d|$)/i.test(value.trim())) return undefined;
  if (/^\d+$/.test(value.trim()) || /[zZ]$|[+-]\d{2}(:?\d{2})?$/.test(timePart(value))) return undefined;
  try {
    return Temporal.PlainDateTime.from(value.trim());
  } catch {
    return undefined;
  }
}

function timePart(value: string): string {
  return /[T ](.*)$/i.exec(value.trim())?.[1] ?? '';
}

/** The moments a local time may mean, the earlier first; mostly they are one. */
function bothOf(plain: Temporal.PlainDateTime, zone: string): [earlier: number, later: number] {
  return [
    plain.toZonedDateTime(zone, { disambiguation: 'earlier' }).epochMilliseconds,
    plain.toZonedDateTime(zone, { disambiguation: 'later' }).epochMilliseconds,
  ];
}

function isLocal(time: number, plain: Temporal.PlainDateTime, zone: string): boolean {
  return Temporal.Instant.fromEpochMilliseconds(time)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .equals(plain);
}
