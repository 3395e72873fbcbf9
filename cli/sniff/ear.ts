import { createSerialPort, identifyDevice } from '../../meter/device.ts';
import { type Port, readPort } from '../../meter/port.ts';
import { simulatedPort } from '../../meter/simulate.ts';
import { GiveUpError } from '../../shared/errors.ts';
import type { Time } from '../../shared/time.ts';

/** An open port that only listens. */
export interface Ear {
  /** Resolves when the port is open. */
  opened: Promise<void>;
  /** Listens at another rate from now on, without opening the port anew; what is on its way is thrown away. */
  setBaud(rate: number): Promise<void>;
  /** Opens the port and listens until the signal aborts. @throws GiveUpError when it cannot be had, or goes. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * @param path a device, or `simulated`. @param cadence ms between lines of the simulated panel.
 * @param onData is told each chunk, and the ms since the last one or since opening.
 */
export function createEar(
  { path, baud, cadence }: { path: string; baud: number; cadence: number },
  time: Time,
  onData: (chunk: Uint8Array, quietMs: number) => void,
): Ear {
  const opened = Promise.withResolvers<void>();
  let port: Port | undefined;
  let isOpen = false;
  return {
    opened: opened.promise,
    async setBaud(rate) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      port?.update({ baudRate: rate }, (error) => (error ? reject(error) : resolve()));
      await promise;
      await new Promise((done) => port?.flush(done));
    },
    async run(signal) {
      const lost = new AbortController();
      const either = AbortSignal.any([signal, lost.signal]);
      const device =
        path === 'simulated'
          ? simulatedPort(cadence, { time }, either)
          : { path, createPort: createSerialPort, identify: identifyDevice };
      let trouble: string | undefined;
      await readPort(
        { path: device.path, baud, settle: 0, silence: Number.POSITIVE_INFINITY },
        {
          ...device,
          createPort: (options) => {
            port = device.createPort(options);
            return port;
          },
          time,
        },
        either,
        {
          opened() {
            isOpen = true;
            opened.resolve();
          },
          data: onData,
          closed(why) {
            trouble = why;
            lost.abort();
          },
        },
      );
      if (trouble === undefined || signal.aborted) return;
      const rule = isOpen ? 'the port must stay open' : 'must be a serial port that can be opened';
      throw new GiveUpError(`sniffing ${path}: ${rule}, got ${trouble}`);
    },
  };
}
