import { setTimeout as sleep } from 'node:timers/promises';
import { firstOf } from './engine-log.ts';
import { type FaultName, inflict } from './faults.ts';
import type { House } from './house.ts';
import type { Peer } from './peers.ts';

/** ms between a fault's moment and a reading that it may still have let through. */
const SLACK = 100;
/** ms after the first reading in which a second outage, such as by one restart too many, still counts as the same. */
const SETTLES = 8000;

/** ms for which the others wait, at most: a slow meter's next reading may be a minute away. */
const TURN = 10_000;

/** One incident, in ms. */
export interface Outcome {
  system: string;
  fault: FaultName;
  /** Fault to decision; absent where nobody decided anything. */
  detect?: number;
  /** Decision to the end of the container, from there to its new start, from there to the first reading. */
  stop?: number;
  start?: number;
  first?: number;
  /** Between stored readings that are too far apart, in all; at least that, where it did not end within the limit. */
  gap: number;
  /** Readings that would have come meanwhile. */
  lost: number;
  /** False: nobody brought it back within the limit. */
  ended: boolean;
  /** How often the container was started. */
  starts: number;
}

interface Round {
  system: string;
  fault: FaultName;
  /** ms after which it is given up and undone. */
  limit: number;
  /** Who heals instead of the agent. */
  peer?: Peer | undefined;
}

/** One fault in one house, and what came of it; the house runs again afterwards. */
export async function playRound(house: House, { system, fault, limit, peer }: Round): Promise<Outcome> {
  const stop = new AbortController();
  let decided: number | undefined;
  const decide = () => {
    decided ??= Date.now();
  };
  // A peer that fails is a peer that does not heal: it shows in the outcome.
  const peering = peer?.run(house.meter, decide, stop.signal).catch(() => {});
  await sleep(Math.random() * house.cadence);
  const { began, reading } = await house.alone(async () => {
    const began = await inflict(fault, house);
    // In an object: what an async function returns would be waited for.
    const reading = { came: waitForReading(house, began, limit) };
    await Promise.race([reading.came, sleep(TURN)]);
    return { began, reading };
  });
  const ended = await reading.came;
  if (ended) await sleep(SETTLES);
  const until = Date.now();
  stop.abort();
  await peering;
  const told = house.agent.told.find(
    ({ at, watch, event }) => at >= began && watch === house.name && event === 'stalled',
  );
  const times = await house.readings(began - 4 * house.cadence);
  const before = times.findLast((time) => time <= began + SLACK) ?? began;
  const after = times.find((time) => time > began + SLACK) ?? until;
  const convicted = peer ? decided : told?.at;
  const outcome: Outcome = {
    system,
    fault,
    ...(convicted === undefined ? {} : { detect: convicted - began }),
    ...(ended ? stages(house, began, convicted, after) : {}),
    ...outages([...times.filter((time) => time >= before), ...(ended ? [] : [until])], house.cadence),
    ended,
    starts: house.engine.filter(
      ({ at, container, action }) =>
        container === house.meter.id && at >= began && at <= until && action === 'start',
    ).length,
  };
  if (!ended) await undo(house);
  return outcome;
}

/** @param times of readings, the first of them from before the fault. */
function outages(times: number[], cadence: number): Pick<Outcome, 'gap' | 'lost'> {
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const missing = (gap: number) => Math.max(0, Math.round(gap / cadence) - 1);
  return {
    gap: gaps.filter((gap) => missing(gap) > 0).reduce((sum, gap) => sum + gap, 0) || Math.max(0, ...gaps),
    lost: gaps.reduce((sum, gap) => sum + missing(gap), 0),
  };
}

async function waitForReading(house: House, began: number, limit: number): Promise<boolean> {
  while (Date.now() < began + limit) {
    if ((await house.readings(began + SLACK)).some((time) => time > began + SLACK)) return true;
    await sleep(250);
  }
  return false;
}

function stages(
  { engine, meter }: House,
  began: number,
  convicted: number | undefined,
  after: number,
): Pick<Outcome, 'stop' | 'start' | 'first'> {
  const died = firstOf(engine, meter.id, began, 'die');
  // To stop a paused container, the engine may let it go on for a moment.
  const running =
    died === undefined
      ? firstOf(engine, meter.id, began, 'start', 'unpause')
      : firstOf(engine, meter.id, died, 'start');
  if (running === undefined) return {};
  const stages: Pick<Outcome, 'stop' | 'start' | 'first'> = {
    start: running - (died ?? convicted ?? began),
    // Let go on before it was ended, it may have read what the device had sent meanwhile.
    first: Math.max(0, after - running),
  };
  // One that ended by itself had not to be stopped.
  if (died !== undefined && convicted !== undefined && convicted <= died) stages.stop = died - convicted;
  return stages;
}

/** What nobody else did. */
async function undo(house: House): Promise<void> {
  const { State } = await house.meter.inspect();
  if (State.Paused) await house.meter.unpause();
  await house.meter.restart({ t: 0 });
}
