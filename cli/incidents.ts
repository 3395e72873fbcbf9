import type { Incident, Loss } from '../agent/guard/incident.ts';
import { showDuration, showMoment } from './moment.ts';

/** A row of `wattdog incidents`; what has not happened stays empty. */
export function incidentRow(incident: Incident): Record<string, string | number> {
  const { id, watch, began, detected, recovered, cause, tries, help, loss, verdict } = incident;
  const open = help === undefined ? 'not yet' : 'needs help';
  return {
    id,
    watch,
    began: showMoment(began),
    cause: incident.drill ? `${cause} (drill)` : cause,
    'noticed after': showDuration(detected - began),
    tries: tries.length,
    'recovered after': recovered === undefined ? open : showDuration(recovered - began),
    lost: loss === undefined ? '' : showLoss(loss),
    why: help?.why ?? verdict,
  };
}

/** `8 readings in 11.2 s, 0.004 kWh uncounted`. */
export function showLoss({ readings, seconds, energy }: Loss): string {
  const counted = energy === 0 ? '' : `, ${energy.toFixed(3)} kWh uncounted`;
  return `${readings} readings in ${showDuration(seconds * 1000)}${counted}`;
}
