import { every, type Time } from '../../shared/time.ts';
import { Company } from '../watch/company.ts';
import type { Observer } from '../watch/observer.ts';
import type { Guard } from './guard.ts';

/** ms between two judgements. */
const TICK = 100;

interface Deps {
  observer: Observer;
  /** Who is guarded at this moment. */
  guards: () => Iterable<Guard>;
  /** Why a watch is to be left alone, if it is. */
  holdOf: (watch: string) => string | undefined;
  /** Is called at every turn: who hears nothing of it any more knows that this loop stands still. */
  beat: (canSee: boolean) => void;
  time: Time;
}

/**
 * Judges all watches many times a second, the watcher first, and lets their guards act. One loop for all:
 * so nobody is judged by a time that the watcher slept through, and several that fall silent at once are
 * seen. Ends with the last healing that was going on.
 */
export async function detect(
  { observer, guards, holdOf, beat, time }: Deps,
  signal: AbortSignal,
): Promise<void> {
  const company = new Company();
  await every(TICK, time, signal, () => {
    const at = time.monotonic();
    const self = observer.look(at);
    const present = [...guards()];
    const verdicts = new Map(
      present.map((guard) => [guard.ward.name, guard.judge(at, self, holdOf(guard.ward.name))]),
    );
    const targets = new Map(present.map(({ ward }) => [ward.name, ward.healer?.target ?? ward.name]));
    const weighed = company.weigh(verdicts, at, (name) => targets.get(name) ?? name);
    for (const guard of present) {
      const verdict = weighed.get(guard.ward.name);
      if (verdict) guard.act(verdict, at);
    }
    beat(self.blindness === undefined);
  });
  await Promise.all([...guards()].map((guard) => guard.idle()));
}
