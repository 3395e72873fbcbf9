import type { Log } from '../../shared/log.ts';
import type { NotifySettings } from '../../shared/settings/schema.ts';
import type { Time } from '../../shared/time.ts';
import { createWatchdog } from './watchdog.ts';

export interface LifeSigns {
  /**
   * To be called by the loop that judges, at each turn: so that what watches us sees that loop, not a timer's.
   * It neither waits nor throws.
   *
   * @param healthy whether we can do our work; systemd is not told, for a restart of ours would heal nothing.
   */
  beat(healthy: boolean): void;
}

/** Shows from outside that the watcher watches: to systemd, and to whoever expects its pings. */
export async function createLifeSigns(
  settings: NotifySettings['ping'],
  deps: { environment: Record<string, string | undefined>; time: Time; log: Log },
  signal: AbortSignal,
): Promise<LifeSigns> {
  const watchdog = createWatchdog(deps.environment, deps);
  // The HTTP client is loaded only where it is needed: a machine without it saves the memory.
  const ping = settings && (await import('./ping.ts')).createPing(settings, deps, signal);
  return {
    beat(healthy) {
      watchdog?.();
      ping?.(healthy);
    },
  };
}
