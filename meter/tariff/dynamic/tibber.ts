import { orderly, type Parsed } from './entry.ts';
import { at, listAt, priceOf, shown } from './json.ts';
import { createTimes } from './times.ts';

/** Prices of an hour or a quarter; without an end, a longer one is a hole. */
const LONGEST = 3_600_000;
const LISTS = [
  'priceInfo.today',
  'priceInfo.tomorrow',
  'priceInfo.range.nodes',
  'priceInfoRange.nodes',
] as const;
/** The same, each in a `node`. */
const EDGES = ['priceInfo.range.edges', 'priceInfoRange.edges'] as const;

/** Asks for what there is, in quarter hours. */
export const TIBBER_QUERY =
  '{viewer{homes{id currentSubscription{priceInfo(resolution: QUARTER_HOURLY){today{total startsAt currency} tomorrow{total startsAt currency}}}}}}';

/**
 * The answer of Tibber's GraphQL API: today and tomorrow of a home, each price from `startsAt` to the next,
 * with all taxes (`total`).
 *
 * @param home the id of the one that is meant; default: the first that has prices.
 */
export function parseTibber(document: unknown, home?: string): Parsed & { currency?: string } {
  const complaints = listAt(document, 'errors').map((error) => `Tibber says ${shown(at(error, 'message'))}`);
  const single = at(document, 'data.viewer.home');
  const homes = single === undefined ? listAt(document, 'data.viewer.homes') : [single];
  const named = home === undefined ? homes : homes.filter((each) => at(each, 'id') === home);
  const priced = named
    .map((each) => at(each, 'currentSubscription'))
    .map((subscription) => [
      ...LISTS.flatMap((list) => listAt(subscription, list)),
      ...EDGES.flatMap((list) => listAt(subscription, list)).map((edge) => at(edge, 'node')),
    ])
    .filter((prices) => prices.length > 0);
  const [prices] = priced;
  if (prices === undefined) {
    const which = home === undefined ? 'a home with prices' : `the home ${home} with prices`;
    return {
      entries: [],
      problems: [...complaints, `the document must have ${which}, got ${shown(document)}`],
    };
  }
  const timesOf = createTimes('UTC', false);
  const parsed = orderly(
    prices.map((price) => ({
      from: timesOf(at(price, 'startsAt')).from,
      price: priceOf(at(price, 'total')),
      text: shown(price),
    })),
    LONGEST,
  );
  const currency = at(prices[0], 'currency');
  const others =
    priced.length > 1 ? [`${priced.length} homes have prices; the first counts (area names another)`] : [];
  return {
    entries: parsed.entries,
    problems: [...complaints, ...others, ...parsed.problems],
    ...(typeof currency === 'string' ? { currency } : {}),
  };
}
