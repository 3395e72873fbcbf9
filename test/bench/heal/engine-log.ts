import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import type { Owner } from '../../support/system.ts';

/** What the engine did with a container, by its own clock; ms since 1970. */
export interface EngineEvent {
  at: number;
  container: string;
  /** Such as `kill`, `die`, `start`, `unpause`. */
  action: string;
}

/** All that happens to the engine's containers from now on. */
export async function logEngine(t: Owner, docker: Dockerode): Promise<readonly EngineEvent[]> {
  const events: EngineEvent[] = [];
  const stream = (await docker.getEvents({ filters: { type: ['container'] } })) as Readable;
  t.teardown(() => stream.destroy());
  stream.on('error', () => {});
  createInterface(stream).on('line', (line) => {
    const { timeNano, Action, Actor } = JSON.parse(line) as {
      timeNano: number;
      Action: string;
      Actor: { ID: string };
    };
    events.push({ at: timeNano / 1e6, container: Actor.ID, action: Action });
  });
  return events;
}

/** The engine's first of these actions upon a container at or after `from`. */
export function firstOf(
  events: readonly EngineEvent[],
  container: string,
  from: number,
  ...actions: string[]
): number | undefined {
  return events.find(
    (event) => event.container === container && event.at >= from && actions.includes(event.action),
  )?.at;
}
