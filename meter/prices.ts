import type { Log } from '../shared/log.ts';
import type { Tariff } from '../shared/settings/schema.ts';
import type { Time } from '../shared/time.ts';
import type { Corrections } from './tariff/dynamic/corrections.ts';
import { createPricing, type Pricing } from './tariff/pricing.ts';

/** How the energy of one meter is priced. */
export interface MeterPrices {
  pricing: Pricing;
  corrections?: Corrections;
  /** What the meter itself says a kWh costs, in currency. @param at ms since 1970 UTC. */
  onPrice?: (price: number, at: number) => void;
  /** Keeps published prices up to date until the signal aborts; never fails. */
  run?: (signal: AbortSignal) => Promise<void>;
  /** Keeps what is remembered. */
  close(): void;
}

/** @param of the data folder, and the meter's name. */
export async function openMeterPrices(
  tariff: Tariff,
  of: { folder: string; meter: string },
  { time, log }: { time: Time; log: Log },
): Promise<MeterPrices> {
  const { dynamic } = tariff;
  if (dynamic === undefined) return { pricing: createPricing(tariff), close() {} };
  // Its HTTP client takes time and memory, which most meters need not spend.
  const [{ openPrices }, { createCorrections, keepCharges }] = await Promise.all([
    import('./tariff/dynamic/prices.ts'),
    import('./tariff/dynamic/corrections.ts'),
  ]);
  const prices = openPrices({ ...tariff, dynamic }, of, { time, log });
  const { book } = prices;
  const pricing = createPricing(tariff, book);
  const kept = keepCharges(of.folder, of.meter, { log, now: time.now });
  const corrections = createCorrections(tariff, { pricing, book }, kept);
  return {
    pricing,
    corrections,
    ...(dynamic.meter ? { onPrice: (price, at) => book.tell(price, at) } : {}),
    run: prices.run,
    close() {
      prices.save();
      corrections.save();
    },
  };
}
