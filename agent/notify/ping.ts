import { request } from 'undici';
import { reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { NotifySettings } from '../../shared/settings/schema.ts';
import type { Time } from '../../shared/time.ts';
import { below } from './service.ts';

/** ms for one request. */
const DEADLINE = 10_000;
/** ms between two pings, however often health changes. */
const SHORTEST = 10_000;

/**
 * Asks for an address as long as it is called: whoever misses the asking, such as healthchecks.io, tells of the
 * end of this agent, or of its whole machine, which it cannot tell of itself.
 *
 * @param signal ends a request under way.
 * @returns to be called often; it asks once a period, and at once when health changes; it neither waits nor throws.
 */
export function createPing(
  { url, period }: NonNullable<NotifySettings['ping']>,
  { time, log }: { time: Time; log: Log },
  signal: AbortSignal,
): (healthy: boolean) => void {
  const unhealthyUrl = below(url, '/fail').href;
  const { host } = new URL(url);
  let asked = Number.NEGATIVE_INFINITY;
  let wasHealthy: boolean | undefined;
  let isUnderWay = false;
  let trouble: string | undefined;

  const ask = async (healthy: boolean) => {
    try {
      const { statusCode, body } = await request(healthy ? url : unhealthyUrl, {
        reset: true,
        signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE)]),
      });
      await body.dump();
      if (statusCode >= 200 && statusCode < 300) return undefined;
      return `answered ${statusCode}`;
    } catch (error) {
      return reason(error);
    }
  };

  const ping = async (healthy: boolean) => {
    isUnderWay = true;
    const result = await ask(healthy);
    isUnderWay = false;
    if (signal.aborted) return;
    // The same trouble is said once, until it works again.
    if (result !== undefined && trouble === undefined) log.warn(`pinging ${host}: ${result}; tried again`);
    if (result === undefined && trouble !== undefined) log.info(`pinging ${host}: works again`);
    trouble = result;
  };

  return (healthy) => {
    if (isUnderWay || signal.aborted) return;
    const now = time.monotonic();
    const wait = healthy === wasHealthy ? period : SHORTEST;
    if (now - asked < wait) return;
    asked = now;
    wasHealthy = healthy;
    void ping(healthy);
  };
}
