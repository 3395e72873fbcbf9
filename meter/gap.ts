import type { GapCause, UnnumberedReading } from '../shared/wire.ts';
import type { Metered } from './charge.ts';
import type { Pricing } from './tariff/pricing.ts';

const JOULES_PER_KWH = 3_600_000;
/** Seconds; nobody can say what was used in a longer silence, and a clock that was wrong makes one of years. */
const MOST_ESTIMATED = 31 * 24 * 3600;

/** The reading that ends a gap, and what was counted meanwhile. */
interface Ending {
  /** kWh and currency. */
  energy: number;
  cost: number;
  /** W. */
  power: number;
  /** ms since 1970. */
  time: number;
}

export interface Gap {
  /** What nobody counted, kWh and currency. */
  estimated?: { energy: number; cost: number };
  /** On the reading that ends it. */
  fields: Pick<UnnumberedReading, Extract<keyof UnnumberedReading, `gap_${string}`>>;
}

/** What is known of a silence that was too long; what nobody counted is estimated from the power around it. */
export function gapOf(
  cause: GapCause,
  { seconds, silence, unmetered, missing }: Metered,
  { energy, cost, power, time }: Ending,
  { power: powerBefore = power, cadence }: { power?: number; cadence?: number },
  pricing: Pricing,
): Gap {
  // A counter that went on counting missed nothing that could be estimated.
  const unknown = missing === undefined ? unmetered : 0;
  const kWh = unknown > MOST_ESTIMATED ? 0 : ((powerBefore + power) / 2) * (unknown / JOULES_PER_KWH);
  const end = time - seconds * 1000;
  const estimated =
    kWh > 0 ? { energy: kWh, cost: costOf(kWh, end - unknown * 1000, end, pricing) } : undefined;
  const readings = missing ?? (cadence === undefined ? undefined : Math.round(silence / cadence) - 1);
  return {
    ...(estimated ? { estimated } : {}),
    fields: {
      gap_seconds: round(silence, 3),
      gap_cause: cause,
      ...(readings === undefined ? {} : { gap_readings: Math.max(0, readings) }),
      gap_energy: round(energy, 9),
      gap_cost: round(cost, 9),
      ...(estimated
        ? {
            gap_estimated_energy: round(estimated.energy, 9),
            gap_estimated_cost: round(estimated.cost, 9),
          }
        : {}),
    },
  };
}

/** What energy costs that was used evenly between two times, in ms since 1970. */
export function costOf(kWh: number, from: number, to: number, pricing: Pricing): number {
  if (kWh === 0) return 0;
  const slices = pricing.split(from, to);
  if (slices.length === 0) return kWh * pricing.at(to).price;
  return sum(slices.map((slice) => (kWh * slice.price * (slice.to - slice.from)) / (to - from)));
}

export function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
