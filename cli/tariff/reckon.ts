import type { Gap } from '../../agent/journal/gaps.ts';
import type { Range } from '../../meter/tariff/dynamic/source.ts';
import type { Bill, Pricing } from '../../meter/tariff/pricing.ts';
import type { HourFlow } from './flows.ts';

/** What a stretch of time comes to under a tariff. kWh and currency. */
interface Sum {
  import: number;
  export: number;
  cost: number;
  credit: number;
}

/** One bill, or the part of one that is in the range. */
export interface BillSum extends Range, Sum {
  fixed: number;
  /** What was added to reach the least that a bill costs. */
  minimum: number;
  /** All of it: cost, fixed and minimum, less credit. */
  total: number;
  /** What was charged when it was used, less what was credited. */
  charged: number;
  /** The range begins after the bill does, or ends before. */
  isPart: boolean;
}

export interface Reckoning {
  currency: string;
  bills: BillSum[];
  /** By the name of the tariff's period. */
  periods: Map<string, Sum>;
  /** What nobody counted: apart from all else. */
  estimated: { energy: number; cost: number };
  /** kWh whose place within an hour is not known any more, while its price changes within. */
  coarse: number;
  /** kWh that only the fallback could price. */
  unpriced: number;
}

/**
 * Prices flows that come in order under a tariff.
 * @param minimum currency, the least that a whole bill costs.
 * @param used what tiers had counted when the range begins.
 */
export function reckon(
  flows: Iterable<HourFlow>,
  gaps: readonly Gap[],
  { from, to }: Range,
  { pricing, minimum, used: before }: { pricing: Pricing; minimum: number; used: Bill },
): Reckoning {
  const bills = billsOf({ from, to }, pricing);
  const periods = new Map<string, Sum>();
  const reckoning = { coarse: 0, unpriced: 0 };
  let index = 0;
  let used = before;
  for (const flow of flows) {
    if (flow.coarse) reckoning.coarse += flow.import + flow.export;
    for (const slice of pricing.split(flow.from, flow.to)) {
      const share = (slice.to - slice.from) / (flow.to - flow.from);
      const part = { import: flow.import * share, export: flow.export * share };
      const charge = pricing.charge(part, slice.from, slice.to, used);
      used = charge.bill;
      while (slice.from >= (bills[index]?.to ?? Number.POSITIVE_INFINITY)) index += 1;
      const sum = { ...part, cost: charge.cost, credit: charge.credit };
      const bill = bills[index];
      if (bill !== undefined) {
        add(bill, sum);
        bill.charged += (flow.cost - flow.credit) * share;
      }
      const period = periods.get(slice.period) ?? { import: 0, export: 0, cost: 0, credit: 0 };
      add(period, sum);
      periods.set(slice.period, period);
      if (slice.provisional) reckoning.unpriced += part.import + part.export;
    }
  }
  for (const bill of bills) {
    const due = bill.cost + bill.fixed - bill.credit;
    // Of a part nobody knows what the rest would have come to.
    bill.minimum = bill.isPart ? 0 : Math.max(0, minimum - due);
    bill.total = due + bill.minimum;
  }
  return {
    currency: pricing.currency,
    bills,
    periods,
    estimated: estimate(gaps, { from, to }, pricing),
    ...reckoning,
  };
}

export function sumOf(bills: readonly BillSum[]): Omit<BillSum, 'from' | 'to' | 'isPart'> {
  const total = { import: 0, export: 0, cost: 0, credit: 0, fixed: 0, minimum: 0, total: 0, charged: 0 };
  for (const bill of bills) {
    add(total, bill);
    for (const key of ['fixed', 'minimum', 'total', 'charged'] as const) total[key] += bill[key];
  }
  return total;
}

function billsOf({ from, to }: Range, pricing: Pricing): BillSum[] {
  const bills: BillSum[] = [];
  for (let start = from; start < to; ) {
    const whole = pricing.billAt(start);
    const end = Math.min(to, whole.to);
    bills.push({
      from: start,
      to: end,
      ...{ import: 0, export: 0, cost: 0, credit: 0, minimum: 0, total: 0, charged: 0 },
      fixed: pricing.fixed(start, end),
      isPart: start > whole.from || end < whole.to,
    });
    start = end;
  }
  return bills;
}

function estimate(gaps: readonly Gap[], { from, to }: Range, pricing: Pricing): Reckoning['estimated'] {
  const estimated = { energy: 0, cost: 0 };
  for (const { start, end, estimatedEnergy } of gaps) {
    const [begin, stop] = [Math.max(from, start), Math.min(to, end)];
    if (estimatedEnergy === 0 || stop <= begin) continue;
    const energy = (estimatedEnergy * (stop - begin)) / (end - start);
    estimated.energy += energy;
    estimated.cost += pricing.charge({ import: energy, export: 0 }, begin, stop).cost;
  }
  return estimated;
}

function add(sum: Sum, part: Sum): void {
  sum.import += part.import;
  sum.export += part.export;
  sum.cost += part.cost;
  sum.credit += part.credit;
}
