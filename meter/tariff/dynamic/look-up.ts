import { reason } from '../../../shared/errors.ts';
import type { Dynamic } from '../../../shared/settings/dynamic.ts';
import type { Tariff } from '../../../shared/settings/schema.ts';
import type { Time } from '../../../shared/time.ts';
import type { Book } from './book.ts';
import { createFetcher } from './fetch.ts';
import { openSource, type Range } from './source.ts';

/** ms for one answer: somebody waits. */
const DEADLINE = 10_000;

/**
 * Asks the sources of a tariff once for what the book does not know of a range.
 * @returns what went wrong, for people; the book has what went well.
 */
export async function lookUp(
  tariff: Pick<Tariff, 'zone' | 'currency'> & { dynamic: Dynamic },
  book: Book,
  range: Range,
  { time, signal }: { time: Time; signal: AbortSignal },
): Promise<string[]> {
  const fetcher = createFetcher(time.now, DEADLINE);
  const problems: string[] = [];
  try {
    for (const side of ['import', 'export'] as const) {
      const settings = tariff.dynamic[side];
      if (settings === undefined || book.covers(side, range.from, range.to)) continue;
      const source = openSource(settings, tariff, fetcher, ({ from, to }) => book.covers(side, from, to));
      try {
        const parsed = await source.read(range, signal);
        book.learn(side, parsed?.entries ?? [], time.now());
        problems.push(...(parsed?.problems ?? []));
      } catch (error) {
        signal.throwIfAborted();
        problems.push(reason(error));
      }
    }
  } finally {
    await fetcher.close();
  }
  return problems;
}
