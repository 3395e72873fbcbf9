import type { Incident, Moment } from '../agent/guard/incident.ts';
import { showLoss } from './incidents.ts';
import { oneLine } from './table.ts';

/** A line of the timeline: `   2.1 s  convicted      does not answer for 2.0 s`. */
export function describeMoment({ at, what, detail }: Moment, frozen: number): string {
  const seconds = ((at - frozen) / 1000).toFixed(1);
  return `${seconds.padStart(7)} s  ${what.padEnd(14)} ${oneLine(detail)}`.trimEnd();
}

/** @param incidents the newest first. */
export function describeLoss(incidents: readonly Incident[], watch: string): string {
  const own = incidents.find((incident) => incident.watch === watch && incident.drill === true);
  if (own?.loss === undefined) return 'what was lost is not known';
  return `lost: ${showLoss(own.loss)}`;
}
