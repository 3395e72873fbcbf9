import { isNoNews, type Message, type Stage } from './message.ts';
import type { Entry } from './queue.ts';

/**
 * ms that the first message waits. Where it can be changed, only for as long as it takes to see that it was an
 * operator's stop, which is no news: a person would rather hear at once. Where it cannot, long enough for a
 * quick recovery to be in it, so that most incidents make one message and not two.
 */
const LINGER = { edited: 2000, final: 15_000 };

const RANKS: Record<Stage, number> = { trouble: 0, help: 1, over: 2 };

/**
 * In how many ms a service is to be told how an incident stands; undefined while it knows enough. What can be
 * changed always says the newest; where it cannot, no more is said than that it began, that a person is
 * needed and that it is over.
 *
 * @param now ms of the clock that `entry.since` is of.
 */
export function owed(entry: Entry, message: Message, edits: boolean, now: number): number | undefined {
  const { incident, told, refused, since } = entry;
  if (refused) return undefined;
  if (told === undefined) {
    if (isNoNews(incident)) return undefined;
    if (message.stage !== 'trouble') return 0;
    return Math.max(0, since + (edits ? LINGER.edited : LINGER.final) - now);
  }
  if (edits && told.id !== undefined) return told.text === textOf(message) ? undefined : 0;
  return RANKS[message.stage] > RANKS[told.stage] ? 0 : undefined;
}

/** Two messages with the same text need not be told twice. */
export function textOf({ title, lines }: Message): string {
  return [title, ...lines].join('\n');
}
