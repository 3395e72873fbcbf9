import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/system.ts';
import type { House } from './house.ts';

/** What can go wrong before the meter: nothing in its container is to be healed. */
export const LINE_FAULTS = ['silent-serial', 'vanished-device'] as const;
export type LineFault = (typeof LINE_FAULTS)[number];

/** ms for which it lasts: three times as long as the meter waits before it opens a silent port again. */
const LASTS = 30_000;

export interface LineOutcome {
  fault: LineFault;
  /** Each verdict in turn, with its cause where it is told, and how many ms after the fault. */
  verdicts: string[];
  /** Times the container was ended. */
  restarts: number;
  /** ms from the line's return to the first reading. */
  back: number;
}

/** One such fault, and what the agent makes of it. */
export async function playLineRound(house: House, fault: LineFault): Promise<LineOutcome> {
  const { panel } = house.home;
  await sleep(Math.random() * house.cadence);
  const began = Date.now();
  if (fault === 'silent-serial') panel.quiet = true;
  else await panel.unplug();
  await sleep(LASTS);
  if (fault === 'silent-serial') panel.quiet = false;
  else await panel.plug();
  const returned = Date.now();
  const first = await until(`${house.name}: a reading after ${fault}`, 60_000, async () =>
    (await house.readings(returned)).find((time) => time > returned),
  );
  await house.steady();
  return {
    fault,
    verdicts: house.agent.judged
      .filter(({ at, watch }) => watch === house.name && at >= began)
      .map(({ at, state, cause }) => `${state}${cause ? ` (${cause})` : ''} ${seconds(at - began)}`),
    restarts: house.engine.filter(
      ({ at, container, action }) => container === house.meter.id && at >= began && action === 'die',
    ).length,
    back: first - returned,
  };
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
