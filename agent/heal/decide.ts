import { constants } from 'node:os';

/** One process of a container; `state` is the first letter of ps's STAT, `pid` is the host's. */
export interface Process {
  pid: number;
  state: string;
  command: string;
}

/** One event of a container from the engine's memory; `signal` (a number) comes with `kill`. */
export interface ContainerEvent {
  action: string;
  signal: number | undefined;
}

/** What `inspect` says of a container. */
export interface Inspected {
  name: string;
  labels: Record<string, string>;
  /** The engine's word: created, running, paused, restarting, removing, exited or dead. */
  status: string;
  /** What its health check says, where it has one: starting, healthy or unhealthy; Docker may say none. */
  health: string | undefined;
  oomKilled: boolean;
  /** Names the run: it changes with every start, and only then. */
  startedAt: string;
  /** The year 1 as long as no run has ended. */
  finishedAt: string;
  exitCode: number;
  /** Why the last start failed; empty otherwise. */
  startError: string;
  restartPolicy: string;
  /** As the image or compose file writes it, such as `SIGTERM` or `15`; empty for SIGTERM. */
  stopSignal: string;
  /** Made with `--rm`: it vanishes as soon as it ends. */
  autoRemove: boolean;
}

/** All that is known of a container before anything is done to it. `undefined`: the engine did not say. */
export interface Evidence {
  /** From the list of containers, which answers even where `inspect` hangs. */
  status: string;
  inspected: Inspected | undefined;
  /** Asked for while the container runs. */
  processes: Process[] | undefined;
  /** Of the last run; asked for when it has ended. */
  events: ContainerEvent[] | undefined;
  /** The last run was ended by us. */
  endedByUs: boolean;
  /** It was paused by us, for a drill. */
  pausedByUs?: boolean;
}

/** What is known from elsewhere, or wanted. */
export interface Circumstances {
  /** Its process is known not to answer. */
  frozen: boolean;
  /** What to do with one that is found paused. */
  paused: 'unpause' | 'respect';
}

export interface Plan {
  /** `respect`: leave it alone; `wait`: the engine is removing it; the others are what to ask for first. */
  action: 'respect' | 'wait' | 'unpause' | 'start' | 'kill' | 'restart';
  /** What was found, for people. */
  found: string;
  /** A stop signal would be in vain: no time is given to it. */
  atOnce?: true;
  /** Its restart policy may be about to start it: that comes first. */
  engineStarts?: true;
}

/** What to do first about a container that must be brought back. */
export function decide(evidence: Evidence, { frozen, paused }: Circumstances): Plan {
  const { status, inspected } = evidence;
  switch (status) {
    case 'paused':
      if (paused === 'respect' && !evidence.pausedByUs)
        return { action: 'respect', found: 'it is paused, which agent.docker.paused says to respect' };
      return { action: 'unpause', found: 'it is paused' };
    case 'removing':
      return { action: 'wait', found: 'it is being removed' };
    case 'created':
      return { action: 'start', found: 'it was created but never started' };
    case 'exited':
    case 'dead':
      return ended(evidence);
    case 'restarting':
      return {
        action: 'restart',
        found: 'it ended and waits for the engine to start it again',
        engineStarts: true,
      };
    default:
      if (inspected === undefined)
        return { action: 'kill', found: `it is ${status}, and the engine does not answer inspect` };
      return running(inspected, evidence.processes, frozen);
  }
}

/** A process that cannot act on a stop signal burns the whole stop timeout: it is killed at once. */
function running(inspected: Inspected, processes: Process[] | undefined, frozen: boolean): Plan {
  const since = `it runs since ${inspected.startedAt}`;
  const stuck = processes?.find((process) => process.state === 'T') ?? uninterruptible(processes);
  const looks = stuck ? describe(stuck) : processes ? 'none is stopped' : 'its processes are unknown';
  const found = `${since}; ${looks}`;
  if (stuck === undefined && !frozen) return { action: 'restart', found };
  // Killing would remove it for good; the engine spares it in a restart only.
  return { action: inspected.autoRemove ? 'restart' : 'kill', found, atOnce: true };
}

/** The first process that the kernel will not let anything kill (state D), if there is one. */
export function uninterruptible(processes: Process[] | undefined): Process | undefined {
  return processes?.find((process) => process.state === 'D');
}

export function describe(process: Process): string {
  const states: Record<string, string> = { T: 'stopped', D: 'in uninterruptible sleep' };
  return `process ${process.pid} (${process.command}) is ${states[process.state] ?? 'alive'} (state ${process.state})`;
}

/**
 * Somebody's `docker stop` is respected. What can be known of it:
 * - The engine remembers its last 256 events (20.10; of all containers, health checks are three each).
 *   `docker stop` leaves `kill` with the stop signal, `die`, `stop`; `docker kill` leaves `kill` with
 *   SIGKILL and `die`; a crash leaves `die` alone.
 * - Where that memory is gone or hidden by a proxy, the restart policy speaks: under `always` and
 *   `unless-stopped` the engine starts again whatever ended by itself, unless that start failed.
 */
function ended({ status, inspected, events, endedByUs }: Evidence): Plan {
  if (inspected === undefined)
    return { action: 'start', found: `it is ${status}, and the engine does not answer inspect` };
  const found = `it ${status} with code ${inspected.exitCode} at ${inspected.finishedAt}`;
  if (endedByUs) return { action: 'start', found: `${found}, ended by us` };
  if (inspected.startError !== '')
    return { action: 'start', found: `it could not be started: ${inspected.startError}` };
  if (stopAsked(events ?? [], inspected.stopSignal))
    return { action: 'respect', found: `${found}, stopped through the engine` };
  // A signal sent through the engine, whichever, has cancelled the restart policy.
  if (events?.some(({ action }) => action === 'kill'))
    return { action: 'start', found: `${found}; it was killed through the engine, not stopped` };
  if (events?.some(({ action }) => action === 'die'))
    return {
      action: 'start',
      found: `${found}; nobody stopped it`,
      ...(restarts(inspected) && ENGINE_STARTS),
    };
  if (['always', 'unless-stopped'].includes(inspected.restartPolicy))
    return {
      action: 'respect',
      found: `${found}; with restart policy ${inspected.restartPolicy} the engine would have started it again, had it not been stopped`,
    };
  return { action: 'start', found: `${found}; the engine remembers no stop` };
}

const ENGINE_STARTS = { engineStarts: true } as const;

/** Whether the engine starts it again when it has ended by itself. */
const restarts = ({ restartPolicy }: Inspected) =>
  ['always', 'unless-stopped', 'on-failure'].includes(restartPolicy);

/** The signal precedes the end, and `stop` follows it: asking in between must not miss an operator's stop. */
function stopAsked(events: ContainerEvent[], stopSignal: string): boolean {
  const asked = signalNumber(stopSignal || 'SIGTERM');
  return events.some(
    ({ action, signal }) =>
      action === 'stop' || (action === 'kill' && signal !== undefined && signal === asked),
  );
}

/** `15`, `TERM` and `SIGTERM` → 15. */
export function signalNumber(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const signals: Record<string, number> = constants.signals;
  return signals[name.startsWith('SIG') ? name : `SIG${name}`];
}

/** The device whose absence failed a start, from the engine's words. */
export function missingDevice(words: string): string | undefined {
  return /error gathering device information.*?"(\/[^"]+)"/.exec(words)?.[1];
}

/** Whether a start failed because somebody else still has the device. */
export const saysBusy = (words: string): boolean => /device or resource busy|EBUSY/i.test(words);
