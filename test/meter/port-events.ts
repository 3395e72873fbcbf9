import type { ExecutionContext } from 'ava';
import { type OpenPort, type PortEvents, type PortOptions, readPort } from '../../meter/port.ts';

/** What a port said, in order; data as text. */
export interface Heard {
  events: string[];
  /** All data, joined. */
  text(): string;
  /** How long it was quiet before each chunk, ms. */
  quiet: number[];
  /** The one that was opened last. */
  port(): OpenPort | undefined;
  /** Ends the reading; resolves when the port is closed. */
  stop(): Promise<void>;
}

/** Reads a port until the test ends, and writes down what happens. */
export function listenTo(
  t: ExecutionContext,
  options: Partial<PortOptions> & { path: string },
  deps: Parameters<typeof readPort>[1],
): Heard {
  const events: string[] = [];
  const quiet: number[] = [];
  const data: string[] = [];
  let port: OpenPort | undefined;
  const on: PortEvents = {
    opened(opened) {
      events.push('opened');
      port = opened;
    },
    data(chunk, quietMs) {
      data.push(Buffer.from(chunk).toString('latin1'));
      quiet.push(quietMs);
    },
    closed: (why) => events.push(`closed: ${why}`),
  };
  const stopper = new AbortController();
  const reading = readPort(
    { baud: 9600, settle: 3000, silence: 10_000, ...options },
    { random: () => 1, ...deps },
    stopper.signal,
    on,
  );
  const stop = async () => {
    stopper.abort();
    await reading;
  };
  t.teardown(stop);
  return { events, quiet, text: () => data.join(''), port: () => port, stop };
}
