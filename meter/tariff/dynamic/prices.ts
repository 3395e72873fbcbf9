import { exponential } from '../../../shared/backoff.ts';
import { RetryError, reason } from '../../../shared/errors.ts';
import type { Log } from '../../../shared/log.ts';
import type { PriceSource } from '../../../shared/settings/dynamic.ts';
import type { Time } from '../../../shared/time.ts';
import { together } from '../../../shared/together.ts';
import { Book, type Side } from './book.ts';
import { createCache, type DynamicTariff } from './cache.ts';
import { createFetcher, type Fetcher } from './fetch.ts';
import { openSource, type Range, type Source } from './source.ts';

const HOUR = 3_600_000;
/** What is asked for: corrections reach so far back, and a day ahead is known on the evening before. */
const BACK = 48 * HOUR;
const AHEAD = 48 * HOUR;
/** ms between two looks at a file. */
const FILE_LOOK = 10_000;
/** ms; the first retry, doubled from then on, until it is as rare as the refresh. */
const FIRST_RETRY = 30_000;
/** Everybody’s refresh falls on the same minute otherwise. */
const JITTER = 0.1;

/** How a source of prices is. */
export interface SourceStatus {
  side: Side;
  /** When it was last read, ms since 1970 UTC; absent if it was not since the start. */
  readAt?: number;
  /** Reads that failed since the start, and what was wrong with the last one; absent while all is well. */
  failures: number;
  problem?: string;
  /** Until when prices are known, ms since 1970 UTC. */
  knownUntil: number;
}

/** The published prices of one meter, or of several that have them in common. */
export interface Prices {
  readonly book: Book;
  status(): SourceStatus[];
  /** Keeps the book up to date until the signal aborts; never fails. */
  run(signal: AbortSignal): Promise<void>;
  /** Keeps what the meter told since. */
  save(): void;
}

export interface PricesDeps {
  time: Time;
  log: Log;
  random?: () => number;
  /** For tests: ms that one answer may take. */
  deadline?: number;
}

/** @param of the folder and the meter of the cache. */
export function openPrices(
  tariff: DynamicTariff,
  of: { folder: string; meter: string },
  deps: PricesDeps,
): Prices {
  const { dynamic } = tariff;
  const { time, log, random = Math.random } = deps;
  const cache = createCache(of, tariff, { log, now: time.now });
  const book = new Book(cache.load());
  let saved = book.changes;
  const save = () => {
    if (book.changes === saved) return;
    saved = book.changes;
    cache.save(book.known);
  };
  const failures = { import: 0, export: 0 };
  const problems: { [S in Side]?: string } = {};
  const readAt: { [S in Side]?: number } = {};
  const sources = (['import', 'export'] as const).flatMap((side) => {
    const settings = dynamic[side];
    return settings === undefined ? [] : [{ side, settings }];
  });

  const say = (side: Side, problem: string | undefined) => {
    if (problem === problems[side]) return;
    if (problem === undefined) {
      delete problems[side];
      log.info({ side }, 'prices: all is well again');
      return;
    }
    problems[side] = problem;
    log.warn({ side }, `prices: ${problem}`);
  };

  const refresh = async (side: Side, source: Source, signal: AbortSignal) => {
    const now = time.now();
    const parsed = await source.read(windowAround(now), signal);
    readAt[side] = now;
    if (parsed === undefined) return;
    const before = book.revision;
    book.learn(side, parsed.entries, now);
    save();
    if (book.revision !== before) log.debug({ side, until: book.knownUntil(side, now) }, 'prices learned');
    say(side, parsed.problems.length === 0 ? undefined : parsed.problems.join('; '));
  };

  const keepUp = async (side: Side, settings: PriceSource, fetcher: Fetcher, signal: AbortSignal) => {
    const source = openSource(
      settings,
      tariff,
      fetcher,
      ({ from, to }) => to <= time.now() && book.covers(side, from, to),
    );
    const most = settings.file === undefined ? settings.refresh : Math.min(settings.refresh, FILE_LOOK);
    const backoff = exponential(Math.min(FIRST_RETRY, most), most, random);
    for (let failed = 0; !signal.aborted; ) {
      let wait = settings.file === undefined ? most * (1 + random() * JITTER) : most;
      try {
        await refresh(side, source, signal);
        failed = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures[side] += 1;
        say(side, reason(error));
        const asked = error instanceof RetryError ? error.afterMs : undefined;
        wait = Math.max(asked ?? 0, backoff(failed));
        failed += 1;
      }
      await time.sleep(wait, signal).catch(() => {});
    }
  };

  return {
    book,
    save,
    status: () =>
      sources.map(({ side }) => {
        const problem = problems[side];
        const read = readAt[side];
        return {
          side,
          ...(read === undefined ? {} : { readAt: read }),
          failures: failures[side],
          ...(problem === undefined ? {} : { problem }),
          knownUntil: book.knownUntil(side, time.now()),
        };
      }),
    async run(signal) {
      const fetcher = createFetcher(time.now, deps.deadline);
      try {
        await together(
          signal,
          ...sources.map(
            ({ side, settings }) =>
              (stopped: AbortSignal) =>
                keepUp(side, settings, fetcher, stopped),
          ),
          (stopped) => keepTold(save, time, stopped),
        );
      } finally {
        save();
        await fetcher.close();
      }
    },
  };
}

/** What the meter tells is kept now and then: it tells it again. */
async function keepTold(save: () => void, time: Time, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await time.sleep(HOUR / 4, signal).catch(() => {});
    save();
  }
}

/** On whole hours, so that the same is asked for again within one, and may be answered as unchanged. */
function windowAround(now: number): Range {
  const hour = Math.floor(now / HOUR) * HOUR;
  return { from: hour - BACK, to: hour + AHEAD };
}
