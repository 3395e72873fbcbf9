import type { Period } from './day-plan.ts';

/** A price per kWh, as far as it goes. */
export interface Tier {
  /** kWh since the tiers began anew, or as many for each day until they do so again; Infinity for the last. */
  upTo: number;
  daily: boolean;
  /** Currency per kWh. */
  price: number;
}

export function tiersOf(price: Period['price']): Tier[] {
  const written = typeof price === 'number' ? [{ price }] : price;
  return written.map((tier: Exclude<Period['price'], number>[number]) => ({
    upTo: tier.up_to ?? tier.up_to_daily ?? Number.POSITIVE_INFINITY,
    daily: tier.up_to_daily !== undefined,
    price: tier.price,
  }));
}

/** What the next kWh costs. @param days from one new beginning of the tiers to the next. */
export function tierPrice(tiers: Tier[], used: number, days: number): number {
  return (tiers.find((tier) => used < bound(tier, days)) ?? tiers.at(-1))?.price ?? 0;
}

/** What `energy` costs after `used`, each part of it at its own tier's price; kWh. */
export function tieredCost(tiers: Tier[], { used, energy }: { used: number; energy: number }, days: number) {
  let cost = 0;
  let at = used;
  let left = energy;
  for (const tier of tiers) {
    const room = bound(tier, days) - at;
    if (room <= 0) continue;
    const part = Math.min(left, room);
    cost += part * tier.price;
    at += part;
    left -= part;
    if (left <= 0) break;
  }
  return cost;
}

function bound({ upTo, daily }: Tier, days: number): number {
  return daily ? upTo * days : upTo;
}
