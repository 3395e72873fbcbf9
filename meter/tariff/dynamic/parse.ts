import { round } from '../../../shared/round.ts';
import type { PriceSource } from '../../../shared/settings/dynamic.ts';
import type { Parsed } from './entry.ts';
import { parseGeneric } from './generic.ts';
import { parseNordpool } from './nordpool.ts';
import { parseOctopus } from './octopus.ts';
import { parseTibber } from './tibber.ts';

/** What the unit of a shape's prices is to currency per kWh. */
const USUAL = { octopus: 0.01, tibber: 1, nordpool: 0.001, generic: 1 };

export interface Where {
  /** IANA name, of times that name none. */
  zone: string;
  /** ISO 4217, of the tariff. */
  currency: string;
}

/** What a source's document says, in currency per kWh. Never throws: what it cannot take is a problem. */
export function parsePrices(document: unknown, source: PriceSource, { zone, currency }: Where): Parsed {
  const parsed: Parsed & { currency?: string } = parseShape(document, source, source.zone ?? zone);
  const { multiply = USUAL[source.shape], add } = source;
  const entries = parsed.entries.map((entry) => ({ ...entry, price: round(entry.price * multiply + add) }));
  const problems = [...parsed.problems];
  // Whoever multiplies by a rate of exchange knows.
  if (parsed.currency !== undefined && parsed.currency !== currency && source.multiply === undefined)
    problems.push(`prices should be in the tariff’s currency ${currency}, got ${parsed.currency}`);
  return { entries, problems };
}

function parseShape(document: unknown, { shape, area, mapping }: PriceSource, zone: string): Parsed {
  if (shape === 'octopus') return parseOctopus(document);
  if (shape === 'tibber') return parseTibber(document, area);
  if (shape === 'nordpool') return parseNordpool(document, area ?? '');
  return mapping === undefined
    ? { entries: [], problems: ['the shape generic must have a mapping, got none'] }
    : parseGeneric(document, mapping, zone);
}
