import { once } from 'node:events';
import type { Log } from '../shared/log.ts';
import type { Settings } from '../shared/settings/schema.ts';
import { startBroker } from './broker.ts';

/**
 * Runs the broker alone until the signal aborts.
 * @throws GiveUpError when it cannot listen.
 */
export async function runBroker(settings: Settings, deps: { log: Log }, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const broker = await startBroker(settings.broker, deps);
  if (!signal.aborted) await once(signal, 'abort');
  await broker.close();
}
