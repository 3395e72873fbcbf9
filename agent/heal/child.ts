import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { exponential } from '../../shared/backoff.ts';
import { GiveUpError, RetryError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { Notifier } from '../../shared/notifier.ts';
import type { Time } from '../../shared/time.ts';
import type { ContainerEvidence } from '../watch/verdict.ts';
import type { Healer, HealReport, HealStep, How } from './healer.ts';

const BAD_SETTINGS = 78;
/** ms a child gets to end by itself: it says `offline` and closes its port and its outbox. */
const STOP_TIMEOUT = 5000;
/** ms until a killed child must be gone; one that is not hangs in the kernel. */
const KILL_TIMEOUT = 3000;
/** ms of life after which the next death counts as the first. */
const STEADY = 60_000;

export interface Supervised {
  readonly healer: Healer;
  readonly pid: number | undefined;
  /** Keeps the child running until the signal aborts, then stops it. */
  run(signal: AbortSignal): Promise<void>;
}

/** A child process that is started again when it ends, and can be healed when it does not. */
export function superviseChild(
  name: string,
  spawn: () => ChildProcess,
  deps: {
    time: Time;
    log: Log;
    /** Is told when it has started and when it has ended, as an engine tells of a container. */
    sees?: (evidence: ContainerEvidence) => void;
    random?: () => number;
  },
): Supervised {
  const { time, log, sees = () => {} } = deps;
  const evidence = `the ${name}’s process`;
  const changed = new Notifier();
  let child: ChildProcess | undefined;
  let hurry = false;

  const run = async (signal: AbortSignal) => {
    const backoff = exponential(250, 10_000, deps.random);
    for (let deaths = 0; !signal.aborted; deaths++) {
      const started = time.monotonic();
      const running = spawn();
      const ended = new Promise<string>((resolve) => {
        running.once('exit', (code, killer) => resolve(killer ? `killed by ${killer}` : `exit code ${code}`));
        running.once('error', (error) => resolve(error.message));
      });
      child = running;
      changed.notify();
      sees({ name: evidence, status: 'running' });
      const stop = () => stopChild(running, ended, time);
      signal.addEventListener('abort', stop, { once: true });
      const how = await ended;
      signal.removeEventListener('abort', stop);
      child = undefined;
      changed.notify();
      if (signal.aborted) return;
      sees({ name: evidence, status: 'exited', ...exitCodeOf(running) });
      if (running.exitCode === BAD_SETTINGS)
        throw new GiveUpError(`starting the ${name}: its settings are wrong`, BAD_SETTINGS);
      if (time.monotonic() - started > STEADY) deaths = 0;
      const wait = hurry ? 0 : backoff(deaths);
      log.warn(`the ${name} ended (${how}); starting it again`);
      hurry = false;
      await time.sleep(wait, signal).catch(() => {});
    }
  };

  const waitFor = async (met: () => boolean, ms: number, signal: AbortSignal): Promise<boolean> => {
    const deadline = time.monotonic() + ms;
    while (!met() && !signal.aborted && time.monotonic() < deadline)
      await changed.wait(deadline - time.monotonic(), time, signal);
    return met();
  };

  const heal = async ({ ended = false }: How, signal: AbortSignal): Promise<HealReport> => {
    const steps: HealStep[] = [];
    const broken = child;
    if (ended && broken?.pid !== undefined) return { result: 'running', found: 'it runs again', steps };
    const found = broken?.pid === undefined ? 'it was not running' : stateOf(broken.pid);
    const began = time.monotonic();
    if (broken) {
      // What it had decoded is in its outbox; nothing it could still say in an orderly end is worth the wait.
      hurry = true;
      broken.kill('SIGKILL');
      if (!(await waitFor(() => child !== broken, KILL_TIMEOUT, signal)))
        throw new GiveUpError(
          `killing the ${name}: must end within ${KILL_TIMEOUT} ms, but pid ${broken.pid} hangs in the kernel`,
        );
      steps.push({ action: 'kill', tookMs: time.monotonic() - began });
    }
    const killed = time.monotonic();
    if (!(await waitFor(() => child?.pid !== undefined, KILL_TIMEOUT, signal)))
      throw new RetryError(`starting the ${name}: must start within ${KILL_TIMEOUT} ms, but it keeps ending`);
    steps.push({ action: 'spawn', tookMs: time.monotonic() - killed });
    return { result: 'running', found, steps };
  };

  const examine = async (): Promise<string | undefined> => {
    const state = child?.pid === undefined ? '' : stateOf(child.pid);
    return state === STOPPED ? state : undefined;
  };

  const freeze = async (signal: AbortSignal): Promise<string> => {
    const frozen = child;
    const stopped = () => frozen?.pid !== undefined && stateOf(frozen.pid) === STOPPED;
    frozen?.kill('SIGSTOP');
    // The kernel stops it within a moment, and tells nobody but its parent's waitpid.
    for (let look = 0; look < 100 && !stopped(); look++) await time.sleep(10, signal);
    if (!stopped()) throw new RetryError(`freezing the ${name}: must be running, is not`);
    return `stopped its process, ${frozen?.pid}, with SIGSTOP`;
  };

  return {
    healer: { target: `child process ${name}`, heal, examine, freeze },
    get pid() {
      return child?.pid;
    },
    run,
  };
}

/** As a shell has it: 128 and the signal's number, where a signal ended it. */
function exitCodeOf({ exitCode, signalCode }: ChildProcess): { exitCode?: number } {
  if (exitCode !== null) return { exitCode };
  return signalCode === null ? {} : { exitCode: 128 + constants.signals[signalCode] };
}

async function stopChild(child: ChildProcess, ended: Promise<string>, time: Time): Promise<void> {
  child.kill('SIGTERM');
  // A stopped process would keep the signal for later.
  child.kill('SIGCONT');
  const waited = new AbortController();
  await Promise.race([ended, time.sleep(STOP_TIMEOUT, waited.signal).catch(() => {})]);
  waited.abort();
  child.kill('SIGKILL');
}

const STOPPED = 'the process was stopped (SIGSTOP)';

/** What the kernel says of the process, in words. */
function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const letter = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    if (letter === 'T') return STOPPED;
    if (letter === 'D') return 'the process was waiting in the kernel';
    if (letter === 'R') return 'the process was running';
    return 'the process was sleeping';
  } catch {
    return 'the process was gone';
  }
}
