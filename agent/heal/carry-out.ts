import { GiveUpError, RetryError, reason } from '../../shared/errors.ts';
import { askAndSee, isAlive, isRunning, type Look, type Outcome, type Scene, see } from './act.ts';
import { describe, missingDevice, type Plan, saysBusy, uninterruptible } from './decide.ts';
import type { HealReport, HealStep } from './healer.ts';

export interface Means {
  /** Whole seconds the container gets to stop before it is killed. */
  stopTimeoutS: number;
  /** Told just before we end the run. */
  ending(): void;
  /** Told of a step that was not seen done. */
  warn(words: string): void;
}

/**
 * Carries out a plan and goes on to harder means until the container is seen running.
 * @param run the `startedAt` of the run that is to end, where the engine said it
 * @throws as `askAndSee`; RetryError for a device that is missing or busy; GiveUpError for a container that
 *         survives SIGKILL, that the engine refuses to start, or that ends as soon as it has started
 */
export async function carryOut(
  plan: Plan,
  run: string | undefined,
  scene: Scene,
  means: Means,
): Promise<HealReport> {
  const { container, deadlines } = scene;
  const steps: HealStep[] = [];
  const report: HealReport = { result: 'running', found: plan.found, steps };
  /** A later run has begun, whether or not it lasts. */
  const begun = (look: Look) =>
    run === undefined ? isRunning(look) : look.startedAt !== undefined && look.startedAt !== run;
  const renewed = (look: Look) => isRunning(look) && run !== undefined && begun(look);
  const took = (action: string, outcome: Outcome) => {
    steps.push({ action, tookMs: outcome.tookMs });
    if (!outcome.seen) means.warn(`${action}: ${describeFailure(outcome)}`);
    return outcome;
  };

  if (plan.engineStarts && (await see(scene, deadlines.policy, isRunning)).seen)
    return { ...report, found: `${plan.found}; the engine started it again` };

  let next = plan.action;
  if (next === 'unpause') {
    const unpaused = await askAndSee(scene, { verb: 'unpause' }, deadlines.pause, isRunning);
    if (took('unpause', unpaused).seen) return report;
    next = 'kill';
  }
  if (next === 'restart') {
    means.ending();
    const stopTimeoutS = plan.atOnce ? 0 : means.stopTimeoutS;
    const deadline = stopTimeoutS * 1000 + deadlines.restart;
    const restart = took(
      'restart',
      await askAndSee(scene, { verb: 'restart', stopTimeoutS }, deadline, renewed),
    );
    if (restart.seen) return report;
    if (run !== undefined && begun(restart.last))
      throw new RetryError(`restarting ${container.name}: must stay up, was started and ended meanwhile`);
    next = isAlive(restart.last) ? 'kill' : 'start';
  }
  if (next === 'kill') {
    means.ending();
    const killed = took('kill', await kill(scene, (look) => !isAlive(look) || renewed(look)));
    if (isAlive(killed.last)) return report;
  }
  const started = took('start', await start(scene, (look) => isRunning(look) || begun(look)));
  if (!started.seen) throw startFailure(container.name, started, deadlines.busy);
  if (!isRunning(started.last))
    throw new GiveUpError(
      `starting container ${container.name}: must stay up, ended at once with code ${started.last.exitCode}`,
    );
  return report;
}

/** @throws GiveUpError when it survives; RetryError when the engine went before it answered */
async function kill(scene: Scene, ended: (look: Look) => boolean): Promise<Outcome> {
  const { engine, container, deadlines, signal } = scene;
  const first = await askAndSee(scene, { verb: 'kill', signal: 'SIGKILL' }, deadlines.stuck, ended);
  if (first.seen) return first;
  if (first.error !== undefined && !isAnswer(first.error)) throw first.error;
  const failure = (last: Look, more = '') =>
    new GiveUpError(
      `killing container ${container.name}: must end within ${deadlines.kill / 1000} s, is still ${last.status}${more}`,
      1,
      { cause: first.error },
    );
  const stuck = uninterruptible(await engine.processes(container.id, signal));
  if (stuck) throw failure(first.last, `; ${describe(stuck)}: unplug its device or restart the machine`);
  const rest = await see(scene, deadlines.kill - deadlines.stuck, ended);
  if (!rest.seen) throw failure(rest.last);
  return { ...rest, tookMs: first.tookMs + rest.tookMs };
}

/** Once more when the device was busy: whoever was just killed may not have let go of it yet. */
async function start(scene: Scene, begun: (look: Look) => boolean): Promise<Outcome> {
  const { time, deadlines, signal } = scene;
  const first = await askAndSee(scene, { verb: 'start' }, deadlines.start, begun);
  if (first.seen || !saysBusy(wordsOf(first))) return first;
  await time.sleep(deadlines.busy, signal);
  const second = await askAndSee(scene, { verb: 'start' }, deadlines.start, begun);
  return { ...second, tookMs: first.tookMs + deadlines.busy + second.tookMs };
}

function startFailure(name: string, outcome: Outcome, busyMs: number): Error {
  const { error: cause, last } = outcome;
  const words = wordsOf(outcome);
  const device = missingDevice(words);
  const failure = `starting container ${name}: `;
  if (device !== undefined)
    return new RetryError(`${failure}its device ${device} must be there, is not`, { cause });
  if (saysBusy(words))
    return new RetryError(`${failure}its device must be free, was still busy after ${busyMs / 1000} s`, {
      cause,
    });
  if (isAnswer(cause)) return new GiveUpError(`${failure}must run, is ${last.status}`, 1, { cause });
  return new RetryError(`${failure}must run, is ${last.status}`, { cause });
}

/** Whether the engine itself failed at it, rather than the way to the engine. */
const isAnswer = (error: Error | undefined) =>
  ((error?.cause as { statusCode?: number } | undefined)?.statusCode ?? 0) >= 500;

const wordsOf = ({ error, last }: Outcome) => (error ? reason(error) : (last.startError ?? ''));

const describeFailure = ({ error, last }: Outcome) =>
  error ? reason(error) : `not seen done, it is ${last.status}`;
