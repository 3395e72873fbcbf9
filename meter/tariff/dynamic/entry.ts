/** A published price of a stretch of time; half open, ms since 1970 UTC. */
export interface Entry {
  from: number;
  to: number;
  /** Per kWh, or as published. */
  price: number;
}

/** What a document says. Nothing that is wrong with it hides what is right. */
export interface Parsed {
  /** In order, none over another. */
  entries: Entry[];
  /** What was refused or put right, for people; at most a few. */
  problems: string[];
}

/** One entry of a document before it is judged: `undefined` is what could not be understood. */
export interface Raw {
  from: number | undefined;
  /** Undefined where the document names no end. */
  to?: number | undefined;
  /** Null where the document says that there is none. */
  price: number | null | undefined;
  /** For messages. */
  text: string;
}

/** The end of what is valid until further notice: the last moment that JavaScript's dates know. */
export const OPEN_END = 8.64e15;

/** What lies outside was meant in another unit. */
const EARLIEST = Date.UTC(2000, 0);
const LATEST = Date.UTC(2100, 0);
/** Per kWh or MWh in any currency; what is dearer is a fault of the publisher. */
const LARGEST = 1e6;
const MOST_PROBLEMS = 5;

/**
 * Puts a document's entries in order: what cannot be is left out, an end that is missing is the next start,
 * and of two that overlap the one that begins later counts, or comes later in the document.
 *
 * @param longest ms that an entry without an end lasts at most, for a hole must not pass for a price.
 */
export function orderly(raws: readonly Raw[], longest = Number.POSITIVE_INFINITY): Parsed {
  const problems: string[] = [];
  const sound: (Entry & { isOpen: boolean })[] = [];
  const starts: number[] = [];
  for (const { from, to, price, text } of raws) {
    const broken = ruleBroken(from, to, price);
    if (from !== undefined && isTime(from)) starts.push(from);
    if (broken !== undefined) problems.push(`${broken}, got ${text}`);
    else if (from !== undefined && typeof price === 'number')
      sound.push({ from, to: to ?? OPEN_END, price, isOpen: to === undefined });
  }
  sound.sort((a, b) => a.from - b.from);
  // What has no price, or none of use, ends the entry before all the same.
  const followers = followersOf(starts);
  const entries: Entry[] = [];
  let overlaps = 0;
  for (const { from, to, price, isOpen } of sound) {
    const next = followers.get(from);
    const end = isOpen ? Math.min(next ?? from + lastLength(entries, from), from + longest) : to;
    const last = entries.at(-1);
    if (last !== undefined && last.to > from && last.to !== OPEN_END && last.price !== price) overlaps += 1;
    lay(entries, { from, to: end, price });
  }
  if (overlaps > 0) problems.push(`${overlaps} entries overlap others; the later ones count`);
  return { entries, problems: fewOf(problems) };
}

/** Lays an entry over a list that is in order: it takes the place of whatever was there. Changes the list. */
export function lay(entries: Entry[], entry: Entry): void {
  const first = firstEndingAfter(entries, entry.from);
  let beyond = first;
  const parts = [entry];
  for (let under = entries[beyond]; under !== undefined && under.from < entry.to; under = entries[beyond]) {
    if (under.from < entry.from) parts.unshift({ ...under, to: entry.from });
    if (under.to > entry.to) parts.push({ ...under, from: entry.to });
    beyond += 1;
  }
  entries.splice(first, beyond - first, ...parts);
}

/** The index of the first entry of an ordered list that ends after a time; its length where none does. */
export function firstEndingAfter(entries: readonly Entry[], time: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.to ?? 0) > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

function ruleBroken(
  from: number | undefined,
  to: number | undefined,
  price: number | null | undefined,
): string | undefined {
  if (from === undefined || !isTime(from)) return 'an entry must have a time as its start';
  if (to !== undefined && !(to > from)) return 'an entry must end after its start';
  if (to !== undefined && to > LATEST && to !== OPEN_END) return 'an entry must have a time as its end';
  if (price === null) return undefined;
  if (price === undefined || !Number.isFinite(price)) return 'an entry must have a number as its price';
  if (Math.abs(price) > LARGEST) return 'a price must be less than a million';
  return undefined;
}

function isTime(time: number): boolean {
  return EARLIEST <= time && time <= LATEST;
}

/** To each start the next one that differs. */
function followersOf(starts: readonly number[]): Map<number, number> {
  const distinct = [...new Set(starts)].sort((a, b) => a - b);
  return new Map(distinct.slice(1).map((next, index) => [distinct[index] ?? next, next]));
}

/** The last entry of a list lasts as long as the one before; alone, an hour. */
function lastLength(before: readonly Entry[], from: number): number {
  const last = before.findLast((entry) => entry.from < from);
  return last === undefined ? 3_600_000 : last.to - last.from;
}

function fewOf(problems: readonly string[]): string[] {
  if (problems.length <= MOST_PROBLEMS) return [...problems];
  return [...problems.slice(0, MOST_PROBLEMS), `and ${problems.length - MOST_PROBLEMS} more`];
}
