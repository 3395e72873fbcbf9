import type { Bill, Flow, Pricing } from '../tariff/pricing.ts';
import type { AccountState, Metered } from './metered.ts';

/** Seconds; a clock that was wrong makes an absence of decades. */
const LONGEST = 31 * 24 * 3600;

/** A flow that was priced, and may be priced anew when its price is corrected. */
export interface Priced {
  /** kWh. */
  flow: Flow;
  /** ms since 1970 UTC. */
  from: number;
  to: number;
}

/** Currency. */
export interface Costs {
  cost: number;
  credit: number;
  /** What time alone cost. */
  fixed: number;
  bill?: Bill;
  priced: Priced[];
}

/**
 * What the energy since the last reading costs, each direction over the time that it took, and what the
 * time itself does.
 *
 * @param elapsed seconds since the last reading, which no clock step prolongs.
 * @param time of this one, ms since 1970 UTC.
 */
export function costsOf(
  { flow, seconds, over = { import: seconds, export: seconds } }: Metered,
  { elapsed, time }: { elapsed: number; time: number },
  { bill }: AccountState,
  pricing: Pricing,
): Costs {
  const before = (length: number) => time - Math.min(length, LONGEST) * 1000;
  const costs: Costs = {
    cost: 0,
    credit: 0,
    fixed: elapsed > 0 ? pricing.fixed(before(elapsed), time) : 0,
    ...(bill ? { bill } : {}),
    priced: [],
  };
  for (const direction of ['import', 'export'] as const) {
    // What did not flow moves no tier, and may belong to a time before what did.
    if (flow[direction] === 0) continue;
    const part: Flow = { import: 0, export: 0, [direction]: flow[direction] };
    const from = before(over[direction]);
    const charge = pricing.charge(part, from, time, bill);
    costs.cost += charge.cost;
    costs.credit += charge.credit;
    if (direction === 'import') costs.bill = charge.bill;
    costs.priced.push({ flow: part, from, to: time });
  }
  return costs;
}
