import type { Cause, Verdict } from './verdict.ts';

/** What could as well be the fault of what lies between us: a network, a starved machine, a broker. */
const COULD_BE_COMMON: readonly (Cause | undefined)[] = ['silence', 'frozen', 'departed', 'stuck'];
/** ms for which a common cause is looked for, within these bounds as long as it took to convict. */
const LEAST_HOLD = 5000;
const MOST_HOLD = 60_000;

/**
 * Several that fall silent at once are seldom all broken: for the time that it took to convict them, they
 * are not. Pure; ms of a monotonic clock.
 */
export class Company {
  #since: number | undefined;

  /**
   * The verdicts by name, with those that are in doubtful company made blind.
   * @param targetOf what a watch would have restarted: those of one process are no company.
   */
  weigh(
    verdicts: ReadonlyMap<string, Verdict>,
    at: number,
    targetOf = (name: string) => name,
  ): Map<string, Verdict> {
    const silent = [...verdicts].filter(([, verdict]) => onset(verdict, at) !== undefined);
    const together = silent.filter(([name, verdict]) =>
      silent.some(([other, another]) => targetOf(other) !== targetOf(name) && atOnce(verdict, another, at)),
    );
    const convicted = together.filter(([, { state }]) => state === 'stalled');
    if (convicted.length === 0) {
      if (together.length === 0) this.#since = undefined;
      return new Map(verdicts);
    }
    this.#since ??= at;
    const held = Math.max(...convicted.map(([, verdict]) => timeout(verdict)));
    const weighed = new Map(verdicts);
    if (at - this.#since >= Math.min(Math.max(held, LEAST_HOLD), MOST_HOLD)) return weighed;
    const blindness = `${together.map(([name]) => name).join(' and ')} fell silent at once`;
    for (const [name, { evidence }] of convicted)
      weighed.set(name, {
        state: 'blind',
        sentence: `${blindness}: the cause may be a common one`,
        evidence: { ...evidence, blindness },
      });
    return weighed;
  }
}

/** When it fell silent; undefined for whoever has not, or has for a reason of his own. */
function onset({ state, cause, evidence }: Verdict, at: number): number | undefined {
  if ((state !== 'stalled' && state !== 'suspect') || !COULD_BE_COMMON.includes(cause)) return undefined;
  const since = cause === 'frozen' ? evidence.probe?.unanswered : (evidence.departed ?? evidence.silence);
  return since === undefined ? undefined : at - since;
}

function timeout({ cause, evidence }: Verdict): number {
  return (cause === 'frozen' ? evidence.probe?.limit : evidence.limits?.stalled) ?? 0;
}

function atOnce(one: Verdict, other: Verdict, at: number): boolean {
  const apart = Math.abs((onset(one, at) ?? 0) - (onset(other, at) ?? 0));
  return apart <= Math.max(timeout(one), timeout(other));
}
