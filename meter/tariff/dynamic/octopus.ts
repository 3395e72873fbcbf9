import { OPEN_END, orderly, type Parsed } from './entry.ts';
import { at, listAt, priceOf, shown } from './json.ts';
import { createTimes } from './times.ts';

/**
 * The unit rates of Octopus Energy's API, newest first, pence per kWh with VAT: `results[]` of
 * `{value_inc_vat, valid_from, valid_to}`, where `valid_to: null` is until further notice. Where there is one
 * price for direct debit and another without, that of direct debit counts.
 */
export function parseOctopus(document: unknown): Parsed {
  const results = at(document, 'results');
  if (!Array.isArray(results))
    return { entries: [], problems: [`the document must have a list results, got ${shown(document)}`] };
  const timesOf = createTimes('UTC', true);
  const hasDirectDebit = results.some((rate) => at(rate, 'payment_method') === 'DIRECT_DEBIT');
  const wanted = hasDirectDebit
    ? results.filter((rate) => at(rate, 'payment_method') !== 'NON_DIRECT_DEBIT')
    : results;
  return orderly(
    wanted.map((rate) => {
      const { from, to } = timesOf(at(rate, 'valid_from'), at(rate, 'valid_to'));
      const isOpen = at(rate, 'valid_to') === null;
      return {
        from,
        to: isOpen ? OPEN_END : to,
        price: priceOf(at(rate, 'value_inc_vat')),
        text: shown(rate),
      };
    }),
  );
}

/** Where the next page of a long answer is; undefined on the last. */
export function nextPage(document: unknown): string | undefined {
  const next = at(document, 'next');
  return typeof next === 'string' && listAt(document, 'results').length > 0 ? next : undefined;
}
