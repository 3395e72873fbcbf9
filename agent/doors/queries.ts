import type { Reading } from '../../shared/wire.ts';
import type { Incident } from '../guard/incident.ts';
import type { WatchStatus } from './operations.ts';
import type { AgentView, EnergyView, GapView, MeterView, PowerView, StoreView } from './views.ts';

/** Half open, ms since 1970 UTC. */
export interface Range {
  from: number;
  to: number;
}

/** What happens in the house, as it happens. */
export type LiveEvent =
  | { event: 'reading'; data: { meter: string; reading: Reading } }
  | { event: 'watch'; data: WatchStatus }
  /** Some are watched no longer: these are all that are. */
  | { event: 'watches'; data: WatchStatus[] }
  | { event: 'incident'; data: Incident }
  | { event: 'meters'; data: MeterView[] }
  | { event: 'stores'; data: StoreView[] };

/**
 * All that may be read from outside, by whichever door, beside what `Operations` tells. What is in the
 * journal throws a RetryError while that cannot be read.
 */
export interface Queries {
  agent(): AgentView;
  /** By name. */
  meters(): MeterView[];
  /** Whether there is, or ever was, a meter of that name. */
  knows(meter: string): boolean;
  /** Mean power over minutes to years, in about so many points. */
  power(meter: string, range: Range, points: number): Promise<PowerView>;
  /** Sums of the hours, days or months that a range touches, in order; those without a reading are left out. */
  energy(meter: string, unit: EnergyView['unit'], range: Range): Promise<EnergyView>;
  /** The newest first; those that last still among them. */
  gaps(range: Range, limit: number): GapView[];
  stores(): StoreView[];
  /**
   * The state first, then every change of it, until the signal aborts. Who reads slowly misses readings,
   * never states.
   */
  live(signal: AbortSignal): AsyncIterable<LiveEvent>;
}
