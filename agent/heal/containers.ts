import { exponential } from '../../shared/backoff.ts';
import { GiveUpError, RetryError, reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { aborted, every, type Time } from '../../shared/time.ts';
import { together } from '../../shared/together.ts';
import type { EndedRuns } from './ended-runs.ts';
import type { Engine } from './engine.ts';
import type { EngineEvent } from './events.ts';
import { Picture, type PictureEvents } from './picture.ts';

export interface ContainerEvents extends PictureEvents {
  /** How long the engine took to answer a ping, in ms; or that it does not answer, and why. */
  engine(state: { latency: number } | { trouble: string }): void;
}

/** ms between two looks. */
export interface Periods {
  ping: number;
  /** The list, as a check of what the events told. */
  check: number;
  /** The list, where the engine does not show its events. */
  poll: number;
}

const PERIODS: Periods = { ping: 2000, check: 60_000, poll: 2000 };

export interface FollowDeps {
  /** Containers that settings name; they need no label. */
  names: Iterable<string>;
  /** Shared with the healers, whose ends are not an operator's. */
  endedRuns: EndedRuns;
  time: Time;
  log: Log;
  periods?: Periods;
  random?: () => number;
}

/**
 * Tells what happens to every container that is labelled or named, until the signal aborts. An engine that
 * goes away is followed again as soon as it is back.
 */
export async function followContainers(
  engine: Engine,
  deps: FollowDeps,
  signal: AbortSignal,
  on: ContainerEvents,
): Promise<void> {
  const { names, endedRuns, time, log, periods = PERIODS, random } = deps;
  const picture = new Picture(names, { engine, endedRuns, time }, on);
  const backoff = exponential(250, 5000, random);
  let attempt = 0;
  let trouble: string | undefined;
  let hidden = false;
  const following = `following the events of the engine at ${engine.address}`;

  /** @returns undefined where the engine, or a proxy before it, keeps its events to itself */
  const openEvents = async (open: AbortSignal): Promise<AsyncIterable<EngineEvent> | undefined> => {
    try {
      return await engine.follow(open);
    } catch (error) {
      if (!(error instanceof GiveUpError)) throw error;
      if (!hidden) log.warn(`${reason(error)}; its containers are listed every ${periods.poll} ms instead`);
      hidden = true;
      return undefined;
    }
  };

  const look = async (thorough: boolean, open: AbortSignal) => {
    await picture.synchronise(await engine.list({}, open), thorough, open);
    if (trouble !== undefined) log.info(`the engine at ${engine.address} answers again`);
    trouble = undefined;
    attempt = 0;
  };

  const ping = async (open: AbortSignal) => {
    const asked = time.monotonic();
    await engine.ping(open);
    if (trouble === undefined) on.engine({ latency: time.monotonic() - asked });
  };

  /** Until something fails. */
  const follow = async () => {
    const session = new AbortController();
    const open = AbortSignal.any([signal, session.signal]);
    try {
      const events = await openEvents(open);
      let first = true;
      await together(
        open,
        (stopped) => every(periods.ping, time, stopped, () => ping(stopped)),
        (stopped) =>
          every(events ? periods.check : periods.poll, time, stopped, async () => {
            await look(first || events === undefined, stopped);
            first = false;
          }),
        async () => {
          if (events === undefined) return;
          try {
            for await (const event of events) picture.apply(event, open);
          } catch (error) {
            throw new RetryError(following, { cause: error });
          }
          throw new RetryError(`${following}: must go on, ended`);
        },
        // The stream of events ends with the session, not with the first task that fails.
        async (stopped) => {
          await aborted(stopped);
          session.abort();
        },
      );
    } finally {
      session.abort();
    }
  };

  while (!signal.aborted) {
    try {
      await follow();
    } catch (error) {
      if (signal.aborted) return;
      const words = reason(error);
      if (trouble === undefined) log.warn(words);
      if (trouble !== words) on.engine({ trouble: words });
      trouble = words;
    }
    await time.sleep(backoff(attempt++), signal).catch(() => {});
  }
}
