import type { Log } from '../shared/log.ts';
import type { Tariff } from '../shared/settings/schema.ts';
import type { Time } from '../shared/time.ts';
import type { Corrections } from './tariff/dynamic/corrections.ts';
import type { Prices, SourceStatus } from './tariff/dynamic/prices.ts';
import { createPricing, type Pricing } from './tariff/pricing.ts';

/** The published prices of a process, by what they are asked for by: each source is asked once for all meters. To be run. */
export type SharedPrices = Map<string, Prices>;

/** How the energy of one meter is priced. */
export interface MeterPrices {
  pricing: Pricing;
  corrections?: Corrections;
  /** What the meter itself says a kWh costs, in currency. @param at ms since 1970 UTC. */
  onPrice?: (price: number, at: number) => void;
  /** How the sources of published prices are. */
  status?: () => SourceStatus[];
  /** Keeps what is remembered. */
  close(): void;
}

/**
 * @param of the data folder, and the meter's name.
 * @param shared by the meters of the process: what is missing there is added.
 */
export async function openMeterPrices(
  tariff: Tariff,
  of: { folder: string; meter: string },
  { time, log, shared }: { time: Time; log: Log; shared: SharedPrices },
): Promise<MeterPrices> {
  const { dynamic } = tariff;
  if (dynamic === undefined) return { pricing: createPricing(tariff), close() {} };
  // Its HTTP client takes time and memory, which most meters need not spend.
  const [{ openPrices }, { termsOf }, { createCorrections, keepCharges }] = await Promise.all([
    import('./tariff/dynamic/prices.ts'),
    import('./tariff/dynamic/cache.ts'),
    import('./tariff/dynamic/corrections.ts'),
  ]);
  const terms = termsOf({ ...tariff, dynamic }, of.meter);
  const prices = shared.get(terms) ?? openPrices({ ...tariff, dynamic }, of, { time, log });
  shared.set(terms, prices);
  const { book } = prices;
  const pricing = createPricing(tariff, book);
  const kept = keepCharges(of.folder, of.meter, { log, now: time.now });
  const corrections = createCorrections(tariff, { pricing, book }, kept);
  return {
    pricing,
    corrections,
    ...(dynamic.meter ? { onPrice: (price, at) => book.tell(price, at) } : {}),
    status: prices.status,
    close() {
      prices.save();
      corrections.save();
    },
  };
}
