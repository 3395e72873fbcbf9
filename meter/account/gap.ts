import { round } from '../../shared/round.ts';
import type { GapCause, UnnumberedReading } from '../../shared/wire.ts';
import type { Pricing } from '../tariff/pricing.ts';
import type { Costs } from './costs.ts';
import { JOULES_PER_KWH } from './energy.ts';
import type { AccountState, Metered, When } from './metered.ts';

/** Seconds; nobody can say what was used in a longer silence, and a clock that was wrong makes one of years. */
const MOST_ESTIMATED = 31 * 24 * 3600;

/** The reading that ends a gap. */
interface Ending {
  cause: GapCause;
  /** What was counted meanwhile. */
  costs: Costs;
  /** W. */
  power: number;
  /** ms since 1970. */
  time: number;
  /** Whether the meter is known to count what is fed out. */
  exports: boolean;
}

export interface Gap {
  /** What nobody counted, kWh and currency. */
  estimated?: { energy: number; cost: number };
  /** On the reading that ends it. */
  fields: Pick<UnnumberedReading, Extract<keyof UnnumberedReading, `gap_${string}`>>;
}

/** Why there were no readings for so long; undefined where that was not long. @param maxGap ms. */
export function gapCause(
  { silence, unmetered, missing, anew, counts }: Metered,
  { at, last }: When,
  maxGap: number,
): GapCause | undefined {
  // The device's own slow pace is no gap.
  const complete = missing === 0 && unmetered === 0;
  // Across two processes, only a device that counts knows what was between them.
  const unknown = last === undefined && !counts && silence > 0;
  if (!unknown && (silence * 1000 <= maxGap || complete)) return undefined;
  if (last === undefined) return 'reader';
  return anew ? 'device' : (at.missed ?? 'silence');
}

/**
 * What is known of a silence that was too long; what nobody counted is estimated from the power around it.
 * Only what was taken in is: nobody who is paid for what they feed out is paid for a guess.
 */
export function gapOf(
  { seconds, flow, silence, unmetered, missing }: Metered,
  { cause, costs, power, time, exports }: Ending,
  { power: powerBefore = power, cadence, bill }: AccountState,
  pricing: Pricing,
): Gap {
  // A counter that went on counting missed nothing that could be estimated.
  const unknown = missing === undefined && unmetered <= MOST_ESTIMATED ? unmetered : 0;
  const energy = ((powerBefore + power) / 2) * (unknown / JOULES_PER_KWH);
  const end = time - seconds * 1000;
  const costOf = () => pricing.charge({ import: energy, export: 0 }, end - unknown * 1000, end, bill).cost;
  const estimated = energy > 0 ? { energy, cost: costOf() } : undefined;
  const readings = missing ?? (cadence === undefined ? undefined : Math.round(silence / cadence) - 1);
  return {
    ...(estimated ? { estimated } : {}),
    fields: {
      gap_seconds: round(silence, 3),
      gap_cause: cause,
      ...(readings === undefined ? {} : { gap_readings: Math.max(0, readings) }),
      gap_energy: round(flow.import),
      gap_cost: round(costs.cost),
      ...(exports ? { gap_export_energy: round(flow.export), gap_credit: round(costs.credit) } : {}),
      ...(estimated
        ? {
            gap_estimated_energy: round(estimated.energy),
            gap_estimated_cost: round(estimated.cost),
          }
        : {}),
    },
  };
}

/** Slowly follows what readings take, so that one that came late does not change it. */
export function cadenceOf({ seconds, silence, missing, counts }: Metered, before: number | undefined) {
  // Registers tell more than one interval at times, or none.
  const pace = missing === undefined && counts ? silence : seconds / ((missing ?? 0) + 1);
  if (pace === 0) return before;
  return round((before ?? pace) + (pace - (before ?? pace)) / 10, 3);
}
