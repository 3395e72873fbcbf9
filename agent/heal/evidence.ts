import type { ContainerEvent, Inspected } from './decide.ts';
import type { Engine } from './engine.ts';

/** What the engine remembers of a container's last run, if that has ended. */
export async function lastEvents(
  engine: Engine,
  id: string,
  { status, startedAt, finishedAt }: Inspected,
  now: number,
  signal: AbortSignal,
): Promise<ContainerEvent[] | undefined> {
  if (status !== 'exited' && status !== 'dead') return undefined;
  // An operator's `stop` follows the end by milliseconds; the engine may be on a machine whose clock is ahead.
  const to = Math.max(Date.parse(finishedAt), now) + 50;
  return await engine.events(id, new Date(startedAt), new Date(to), signal);
}
