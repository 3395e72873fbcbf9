import { setTimeout as sleep } from 'node:timers/promises';
import { reason } from '../../shared/errors.ts';
import { seeded } from '../chaos/schedule.ts';
import { fakeClock } from '../support/faketime.ts';
import { findProgram } from '../support/programs.ts';
import type { Owner } from '../support/system.ts';
import { CADENCE, type House, startHouse } from './house.ts';
import { HOLD, KINDS, type Kind, type KindName } from './kinds.ts';

/** What came of one trial. */
export interface Outcome {
  /** What was restarted or convicted, though nothing was wrong with it; empty when all is well. */
  wrong: string[];
  /** Whether the agent said that it could not see. */
  blind: boolean;
  /** ms from the end of the disturbance until all was healthy again; NaN where it never was. */
  backMs: number;
}

export interface TrialOptions {
  kind: KindName;
  trials: number;
  /** How many houses have trials side by side. */
  houses: number;
  seed: number;
  entry: string;
  /** Told after each trial. */
  say?: (outcome: Outcome, house: number) => void;
}

/** That many trials of one kind, shared among the houses. */
export async function runTrials(t: Owner, options: TrialOptions): Promise<Outcome[]> {
  const { kind: name, trials, houses, seed, entry, say = () => {} } = options;
  const kind: Kind = KINDS[name];
  const missing = kind.needs.filter((program) => findProgram(program) === undefined);
  if (kind.hasClock && fakeClock(t) === undefined) missing.push('libfaketime');
  if (missing.length > 0) throw new Error(`trying ${name}: must have ${missing.join(', ')} installed`);
  const outcomes: Outcome[] = [];
  let begun = 0;
  const live = async (number: number) => {
    const random = seeded(seed * 1000 + number);
    // All at once, their starting would be a trial of its own.
    await sleep(2000 * number);
    const house = await startHouse(t, {
      name: `${name} ${number + 1}`,
      broker: kind.brokers[number % kind.brokers.length] ?? 'embedded',
      clock: kind.hasClock && fakeClock(t),
      entry,
    });
    await sleep(HOLD + CADENCE * random());
    for (let first = true; begun < trials; first = false) {
      begun += 1;
      const renewed = async () => {
        if (!kind.renews || first) return;
        await house.renew();
        await house.healthy();
        await sleep(HOLD + CADENCE * random());
      };
      const outcome = await renewed()
        .then(() => playTrial(house, kind, random))
        .catch(failed);
      outcomes.push(outcome);
      say(outcome, number + 1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(houses, trials) }, (_, number) => live(number)));
  return outcomes;
}

/** The outcome of a trial that could not be played to its end, such as when all does not become healthy again. */
export function failed(error: unknown): Outcome {
  return { wrong: [reason(error)], blind: false, backMs: Number.NaN };
}

/**
 * One disturbance of a house that is well, and what came of it.
 * @param brief in a test, which has no time: it is shorter, and so is the look at the house afterwards
 */
export async function playTrial(
  house: House,
  kind: Kind,
  random: () => number,
  brief = false,
): Promise<Outcome> {
  const { observer, meter } = house;
  const incidents = house.incidents();
  const from = Date.now();
  await kind.disturb(house, random, brief);
  const over = Date.now();
  await house.healthy();
  const backMs = Date.now() - over;
  await sleep((brief ? 0.1 : 1) * (kind.settleMs + CADENCE * random()));
  const wrong = observer.told
    .filter(({ at, event }) => at >= from && event !== 'recovered')
    .map(({ watch, event }) => `${watch} ${event}`);
  const unheard = house.incidents() - incidents;
  if (wrong.length === 0 && unheard > 0) wrong.push(`${unheard} incidents while nobody could hear of them`);
  if (house.meter !== meter) wrong.push(`the meter’s process was ${meter} and is ${house.meter}`);
  const blind = observer.judged.some(({ at, state }) => at >= from && state === 'blind');
  return { wrong, blind, backMs };
}
