import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Truth } from './compare.ts';
import { Device } from './device.ts';

export interface Feeder {
  /** All that the device has measured. */
  readonly lines: readonly Truth[];
  /** Resolves when the last line has been measured. */
  stop(): Promise<void>;
}

/** Milliseconds between two lines, at least and at most. */
const PACE = [10, 20] as const;

/**
 * Runs a device that measures on whatever happens. Its bytes go nowhere while it is unplugged or nobody is there
 * to open it, as on USB.
 */
export function startFeeder(
  write: (text: string) => void,
  isRead: () => boolean,
  random: () => number,
): Feeder {
  const device = new Device();
  const lines: Truth[] = [];
  const stopped = new AbortController();
  const run = async () => {
    let last = performance.now();
    while (!stopped.signal.aborted) {
      await sleep(PACE[0] + random() * (PACE[1] - PACE[0]));
      const ms = Math.floor(performance.now() - last);
      last += ms;
      const { number, counts, text } = device.measure(ms);
      const line: Truth = { number, counts };
      if (isRead()) {
        line.sentAt = performance.now();
        write(text);
      }
      lines.push(line);
    }
  };
  const ran = run();
  return {
    lines,
    async stop() {
      stopped.abort();
      await ran;
    },
  };
}
