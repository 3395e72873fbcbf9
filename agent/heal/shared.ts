import type { Time } from '../../shared/time.ts';
import type { Healer, HealReport } from './healer.ts';

/** ms after which a target that one watch had brought back may be brought back for another. */
const FRESH = 10_000;

interface Target {
  watches: Set<string>;
  going?: Promise<HealReport> | undefined;
  last?: { by: string; at: number };
}

/**
 * Several watches may be of one target, such as all meters of a process. When it freezes they all convict
 * it, and it is brought back once: the others are told that somebody was quicker.
 * @returns what makes of a target's healer the one of a watch.
 */
export function sharedHealers(time: Time): (watch: string, healer: Healer) => Healer {
  const targets = new Map<string, Target>();
  return (watch, healer) => {
    const target = targets.get(healer.target) ?? { watches: new Set() };
    targets.set(healer.target, target);
    target.watches.add(watch);
    return {
      ...healer,
      isShared: () => target.watches.size > 1,
      async heal(how, signal) {
        if (target.going) return forAnother(await target.going);
        const { last } = target;
        if (last && last.by !== watch && time.monotonic() - last.at < FRESH) return forAnother();
        target.going = healer.heal(how, signal);
        try {
          const report = await target.going;
          if (report.result === 'running') target.last = { by: watch, at: time.monotonic() };
          return report;
        } finally {
          target.going = undefined;
        }
      },
    };
  };
}

function forAnother({ result }: Pick<HealReport, 'result'> = { result: 'running' }): HealReport {
  return { result, found: 'it was brought back for another watch of it', steps: [] };
}
