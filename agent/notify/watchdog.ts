import { execFile } from 'node:child_process';
import { reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Time } from '../../shared/time.ts';

/** ms for one message to the manager. */
const DEADLINE = 5000;
/** ms until what could not be said is said again. */
const RETRY = 5000;

/**
 * Tells systemd that the service is ready, and then, where the unit has `WatchdogSec`, that it lives. Node has
 * no datagram sockets of that family, so `systemd-notify` says it; the unit needs `NotifyAccess=all`.
 *
 * @param environment of which `NOTIFY_SOCKET` and `WATCHDOG_USEC` are read.
 * @returns to be called often; it speaks twice in a `WatchdogSec`, and neither waits nor throws. Undefined where
 * no systemd listens.
 */
export function createWatchdog(
  environment: Record<string, string | undefined>,
  { time, log }: { time: Time; log: Log },
): (() => void) | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: microseconds } = environment;
  if (socket === undefined || socket === '') return undefined;
  const limit = Number(microseconds) / 1000;
  const period = limit > 0 ? limit / 2 : Number.POSITIVE_INFINITY;
  let said = Number.NEGATIVE_INFINITY;
  let isReady = false;
  let isUnderWay = false;
  let trouble: string | null = null;

  const say = (message: string) => {
    isUnderWay = true;
    execFile('systemd-notify', [message], { env: environment, timeout: DEADLINE }, (error) => {
      isUnderWay = false;
      if (error === null) isReady = true;
      const isMissing = error?.code === 'ENOENT';
      const what = isMissing ? 'the program systemd-notify must be installed' : error && reason(error);
      // The same trouble is said once, until it works again.
      if (what !== null && what !== trouble) log.error(`telling systemd: ${what}`);
      trouble = what;
    });
  };

  return () => {
    const now = time.monotonic();
    const isWell = isReady && trouble === null;
    if (isUnderWay || now - said < (isWell ? period : Math.min(period, RETRY))) return;
    said = now;
    say(isReady ? 'WATCHDOG=1' : 'READY=1');
  };
}
