import type { WatchStatus } from '../agent/doors/operations.ts';
import { showDuration, showMoment } from './moment.ts';

/** A row of `wattdog watches`. */
export function watchRow({ name, verdict, target, heldUntil }: WatchStatus): Record<string, string> {
  const { silence } = verdict.evidence;
  return {
    watch: name,
    state: verdict.state,
    silent: silence === undefined ? '' : showDuration(silence),
    restarts: target ?? 'nothing',
    'held until': heldUntil === undefined ? '' : showMoment(heldUntil),
    why: verdict.sentence,
  };
}
