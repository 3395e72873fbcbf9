import { round } from '../../shared/round.ts';
import type { UnnumberedReading } from '../../shared/wire.ts';
import type { Correction } from '../tariff/dynamic/corrections.ts';
import type { Flow, Slice } from '../tariff/pricing.ts';
import type { Costs } from './costs.ts';
import type { AccountState } from './metered.ts';

export type Totals = Pick<AccountState, 'energy' | 'cost' | 'exported' | 'fixed' | 'bill' | 'estimated'>;

/** What one reading adds. */
export interface Addition {
  flow: Flow;
  costs: Costs;
  /** kWh and currency that nobody counted. */
  estimated: { energy: number; cost: number } | undefined;
  correction: Correction | undefined;
  /** Whether the meter is known to count what is fed out. */
  exports: boolean;
}

/** The totals with what a reading adds to them. */
export function totalsAfter(before: Totals, addition: Addition): Totals {
  const { flow, costs, estimated, correction = { cost: 0, credit: 0 }, exports } = addition;
  const { exported, fixed, bill = costs.bill, estimated: guessed } = before;
  return {
    energy: before.energy + flow.import,
    cost: before.cost + costs.cost + correction.cost,
    ...(exports && {
      exported: {
        energy: (exported?.energy ?? 0) + flow.export,
        credit: (exported?.credit ?? 0) + costs.credit + correction.credit,
      },
    }),
    ...((fixed !== undefined || costs.fixed !== 0) && { fixed: (fixed ?? 0) + costs.fixed }),
    ...(bill && { bill: costs.bill ?? bill }),
    ...((guessed || estimated) && {
      estimated: {
        energy: (guessed?.energy ?? 0) + (estimated?.energy ?? 0),
        cost: (guessed?.cost ?? 0) + (estimated?.cost ?? 0),
      },
    }),
  };
}

/** The totals and the interval's share of them, as a reading tells them. @param gap what was added is a gap's. */
export function totalFields(
  { energy, cost, exported, fixed, estimated }: Totals,
  { flow, costs, correction }: Addition,
  { price, exportPrice, period }: Slice,
  gap: boolean,
) {
  const ofInterval = (value: number) => (gap ? 0 : round(value));
  return {
    energy: round(energy),
    interval_energy: ofInterval(flow.import),
    price,
    cost: round(cost),
    interval_cost: ofInterval(costs.cost),
    tariff: period,
    ...(exported && {
      export_energy: round(exported.energy),
      interval_export_energy: ofInterval(flow.export),
      ...(exportPrice === undefined ? {} : { export_price: exportPrice }),
      credit: round(exported.credit),
      interval_credit: ofInterval(costs.credit),
    }),
    ...(fixed === undefined ? {} : { fixed_cost: round(fixed) }),
    ...(correction && {
      cost_correction: round(correction.cost),
      ...(exported && { credit_correction: round(correction.credit) }),
    }),
    ...(estimated && {
      estimated_energy: round(estimated.energy),
      estimated_cost: round(estimated.cost),
    }),
  } satisfies Partial<UnnumberedReading>;
}
