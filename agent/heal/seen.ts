/** What is known of one container, and how each event changes it. Pure. */
import type { ContainerEvidence } from '../watch/verdict.ts';
import { type Inspected, signalNumber } from './decide.ts';
import type { EndedRuns } from './ended-runs.ts';
import type { Listed } from './engine.ts';
import type { EngineEvent } from './events.ts';
import { ourLabels } from './labels.ts';

/** One watched container, as the engine last showed it. */
export interface SeenContainer {
  id: string;
  name: string;
  /** Those that begin with `wattdog.`. */
  labels: Record<string, string>;
  evidence: ContainerEvidence;
  /** Names the run, as the engine writes it; undefined where the engine does not say. */
  startedAt: string | undefined;
  /** Somebody is stopping it, or has stopped it, on purpose: its end is not to be healed. */
  stoppedBy?: 'operator';
}

/** What the list shows of it, until inspect says more. */
export function fromList({ id, name, labels, status, health }: Listed): SeenContainer {
  const evidence = { name, status, ...(health === undefined ? {} : { health }) };
  return { id, name, labels: ourLabels(labels), evidence, startedAt: undefined };
}

/** What inspect shows of it. Who stopped it, only events tell: that stays, as long as it is the same run. */
export function fromInspect(before: SeenContainer, inspected: Inspected): SeenContainer {
  const { id, stoppedBy, startedAt: run } = before;
  const { name, labels, status, health, exitCode, oomKilled, startedAt } = inspected;
  const evidence: ContainerEvidence = { name, status };
  if (health !== undefined && health !== 'none' && status === 'running') evidence.health = health;
  if (['exited', 'dead', 'restarting'].includes(status)) evidence.exitCode = exitCode;
  if (oomKilled) evidence.oomKilled = true;
  const same = run === undefined || run === startedAt;
  return {
    id,
    name,
    labels: ourLabels(labels),
    evidence,
    startedAt,
    ...(same && stoppedBy && { stoppedBy }),
  };
}

/** What an event says of its container at once. Unknown events say nothing. */
export function told(
  seen: SeenContainer,
  event: EngineEvent,
  stopSignal: string,
  ended: EndedRuns,
): SeenContainer {
  const { evidence } = seen;
  const [action, detail] = event.action.split(': ');
  switch (action) {
    case 'start': {
      const { stoppedBy: _, ...rest } = seen;
      return { ...rest, evidence: { name: seen.name, status: 'running' }, startedAt: undefined };
    }
    case 'die': {
      const { health: _, ...rest } = evidence;
      const exitCode = Number(event.attributes.exitCode);
      return { ...seen, evidence: { ...rest, status: 'exited', ...(exitCode >= 0 && { exitCode }) } };
    }
    case 'kill': {
      const asked = event.signal !== undefined && event.signal === signalNumber(stopSignal || 'SIGTERM');
      return asked && !ended.has(seen.id, seen.startedAt) ? { ...seen, stoppedBy: 'operator' } : seen;
    }
    case 'stop':
      return ended.has(seen.id, seen.startedAt) ? seen : { ...seen, stoppedBy: 'operator' };
    case 'oom':
      return { ...seen, evidence: { ...evidence, oomKilled: true } };
    case 'pause':
      return { ...seen, evidence: { ...evidence, status: 'paused' } };
    case 'unpause':
      return { ...seen, evidence: { ...evidence, status: 'running' } };
    case 'health_status':
      return detail === undefined ? seen : { ...seen, evidence: { ...evidence, health: detail } };
    case 'rename':
      return { ...seen, name: event.name, evidence: { ...evidence, name: event.name } };
    default:
      return seen;
  }
}
