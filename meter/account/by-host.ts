import { flowOf, JOULES_PER_KWH, NO_FLOW } from './energy.ts';
import { type AccountState, type Metered, secondsSince, type When } from './metered.ts';

/**
 * Energy between two samples of a device that does not count: its present power, over our own time.
 *
 * @param watts signed. @param maxGap ms; nothing is charged for a longer silence.
 */
export function meteredByHost(watts: number, when: When, state: AccountState, maxGap: number): Metered {
  const silence = secondsSince(when, state.time);
  const metered = { flow: NO_FLOW, silence, counts: false, memory: {} };
  if (when.last === undefined || silence * 1000 > maxGap) {
    const notes = silence > 0 ? { unmeteredSeconds: silence } : {};
    return { ...metered, seconds: 0, unmetered: silence, notes };
  }
  const flow = flowOf((watts * silence) / JOULES_PER_KWH);
  return { ...metered, seconds: silence, flow, unmetered: 0, notes: {} };
}
