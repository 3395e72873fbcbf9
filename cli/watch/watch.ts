import type { LiveEvent } from '../../agent/doors/queries.ts';
import { GiveUpError, reason } from '../../shared/errors.ts';
import { every, type Time } from '../../shared/time.ts';
import { together } from '../../shared/together.ts';
import { AgentAway, type AgentClient } from '../agent-client.ts';
import type { Arguments } from '../arguments.ts';
import type { Screen } from '../screen.ts';
import { createChanges } from './changes.ts';
import { about, House } from './house.ts';
import { Picture } from './picture.ts';
import { describeHouse } from './view.ts';

/** Where what is told goes. */
interface Audience {
  hear(told: LiveEvent): void;
  /** The agent goes, for this reason, or is back: undefined. */
  away(why: string | undefined): void;
  /** Runs beside it until the signal aborts. */
  run?(signal: AbortSignal): Promise<void>;
}

interface Deps {
  out: Screen;
  notes: Screen;
  time: Time;
}

const ACTION = 'watching';
/** ms between two tries to find an agent that went away, and between two pictures. */
const AGAIN = 1000;
const REFRESH = 250;

/**
 * Follows the agent until the signal aborts, over its restarts.
 * @throws GiveUpError where there is no agent to begin with, or nothing of that name.
 */
export async function watch(
  agent: AgentClient,
  { words: [name], options }: Arguments,
  deps: Deps,
  signal: AbortSignal,
): Promise<void> {
  await requireKnown(agent, name);
  const audience =
    options.json !== undefined
      ? forPrograms(deps)
      : deps.out.isTTY
        ? forLookers(agent.url, deps)
        : forReaders(deps);
  const hear = (told: LiveEvent) => {
    const part = name === undefined ? told : about(name, told);
    if (part !== undefined) audience.hear(part);
  };
  await together(
    signal,
    (stopped) => follow(agent, { hear, away: audience.away }, deps.time, stopped),
    ...(audience.run ? [audience.run] : []),
  );
}

async function follow(
  agent: AgentClient,
  { hear, away }: Audience,
  time: Time,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let isBack = false;
    try {
      for await (const told of agent.events(ACTION, '/api/v1/live')) {
        if (!isBack) away(undefined);
        isBack = true;
        hear(told as LiveEvent);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof AgentAway)) throw error;
      away(reason(error));
    }
    await time.sleep(AGAIN, signal).catch(() => {});
  }
}

/** @throws GiveUpError with exit code 2 where no meter and no watch has that name. */
async function requireKnown(agent: AgentClient, name: string | undefined): Promise<void> {
  const [{ watches }, { meters }] = await Promise.all([
    agent.ask<{ watches: { name: string }[] }>(ACTION, '/api/v1/watches'),
    agent.ask<{ meters: { name: string }[] }>(ACTION, '/api/v1/meters'),
  ]);
  const known = [...new Set([...meters, ...watches].map((one) => one.name))].sort();
  if (name !== undefined && !known.includes(name))
    throw new GiveUpError(
      `${ACTION}: must be a meter or a watch, one of ${known.join(', ') || '(there is none)'}, got ${name}`,
      2,
    );
}

function forPrograms({ out, notes }: Deps): Audience {
  return {
    hear: (told) => out.write(`${JSON.stringify(told)}\n`),
    away: onceEach((text) => notes.write(`${text}\n`)),
  };
}

function forReaders({ out, notes, time }: Deps): Audience {
  const changes = createChanges();
  return {
    hear(told) {
      const at = new Date(time.now()).toLocaleTimeString('sv-SE');
      for (const line of changes(told)) out.write(`${at}  ${line}\n`);
    },
    away: onceEach((text) => notes.write(`${text}\n`)),
  };
}

/** A picture that keeps itself up to date, for as long as it is run. */
function forLookers(url: string, { out, time }: Deps): Audience {
  let house = new House();
  let trouble: string | undefined;
  return {
    hear: (told) => house.apply(told),
    away(why) {
      // It tells its whole state anew; what it tells no more is no more.
      if (why === undefined) house = new House();
      trouble = why;
    },
    async run(signal) {
      const picture = new Picture(out);
      try {
        await every(REFRESH, time, signal, () => {
          const now = time.now();
          const clock = new Date(now).toLocaleTimeString('sv-SE');
          const head = `${url}  ${clock}  ${trouble === undefined ? 'Ctrl-C ends' : `AWAY, waiting for it: ${trouble}`}`;
          picture.draw(describeHouse(house, head, out, now));
        });
      } finally {
        picture.end();
      }
    },
  };
}

/** Says that the agent went, and that it is back; not that it is still away, nor that it was there all along. */
function onceEach(say: (text: string) => void): Audience['away'] {
  let isAway = false;
  return (why) => {
    if ((why !== undefined) === isAway) return;
    isAway = why !== undefined;
    say(isAway ? `${why}; waiting for it` : 'the agent is back');
  };
}
