import type { Incident, Loss } from '../agent/guard/incident.ts';
import { showDuration, showMoment } from './moment.ts';

/** A row of `wattdog incidents`; what has not happened stays empty. */
export function incidentRow(incident: Incident): Record<string, string | number> {
  const { id, watch, began, detected, recovered, cause, tries, help, withdrawn, loss, verdict } = incident;
  const open = withdrawn !== undefined ? 'withdrawn' : help === undefined ? 'not yet' : 'needs help';
  return {
    id,
    watch,
    began: showMoment(began),
    cause: incident.drill ? `${cause} (drill)` : cause,
    'noticed after': showDuration(detected - began),
    tries: tries.length,
    'recovered after': recovered === undefined ? open : showDuration(recovered - began),
    lost: loss === undefined ? '' : showLoss(loss),
    why: withdrawn?.why ?? help?.why ?? verdict,
  };
}

/** `8 readings in 11.2 s, 0.004 kWh uncounted`. */
export function showLoss({ readings, seconds, energy }: Loss): string {
  const counted = energy === 0 ? '' : `, ${energy.toFixed(3)} kWh uncounted`;
  return `${readings} readings in ${showDuration(seconds * 1000)}${counted}`;
}

/** `frozen: does not answer for 2.1 s; recovered after 5.6 s; lost 4 readings in 5.6 s`. */
export function showIncident(incident: Incident): string {
  const { began, cause, verdict, recovered, help, withdrawn, loss } = incident;
  const lost = loss === undefined ? '' : `; lost ${showLoss(loss)}`;
  const told = (state: string) => `${cause}: ${verdict}; ${state}${lost}`;
  if (recovered !== undefined) return told(`recovered after ${showDuration(recovered - began)}`);
  if (withdrawn !== undefined) return told(`no longer waited for: ${withdrawn.why}`);
  return told(help === undefined ? 'not over yet' : `needs help: ${help.why}`);
}
