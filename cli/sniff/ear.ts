import { existsSync } from 'node:fs';
import { createSerialPort, identifyDevice } from '../../meter/device.ts';
import { type OpenPort, type PortOptions, readPort } from '../../meter/port.ts';
import { simulatedPort } from '../../meter/simulate.ts';
import { GiveUpError } from '../../shared/errors.ts';
import type { Time } from '../../shared/time.ts';

/** An open port that listens. */
export interface Ear {
  /** Resolves when the port is open. */
  opened: Promise<OpenPort>;
  /** Opens the port and listens until the signal aborts. @throws GiveUpError when it cannot be had, or goes. */
  run(signal: AbortSignal): Promise<void>;
}

type Line = Pick<PortOptions, 'path' | 'baud'> & Required<Pick<PortOptions, 'framing'>>;

/**
 * @param line its path is a device, or `simulated`. @param cadence ms between lines of the simulated panel.
 * @param onData is told each chunk, and the ms since the last one or since opening.
 */
export function createEar(
  { cadence, ...line }: Line & { cadence: number },
  time: Time,
  onData: (chunk: Uint8Array, quietMs: number) => void,
): Ear {
  const opened = Promise.withResolvers<OpenPort>();
  return {
    opened: opened.promise,
    async run(signal) {
      const lost = new AbortController();
      const either = AbortSignal.any([signal, lost.signal]);
      const { path, ...device } =
        line.path === 'simulated'
          ? simulatedPort(cadence, { time }, either)
          : { path: line.path, createPort: createSerialPort, identify: identifyDevice };
      let isOpen = false;
      let trouble: string | undefined;
      await readPort(
        { ...line, path, settle: 0, silence: Number.POSITIVE_INFINITY },
        { ...device, time },
        either,
        {
          opened(port) {
            isOpen = true;
            opened.resolve(port);
          },
          data: onData,
          closed(why) {
            trouble = isOpen && isGone(line.path) ? `its device unplugged (${why})` : why;
            lost.abort();
          },
        },
      );
      if (trouble === undefined || signal.aborted) return;
      const rule = isOpen ? 'the port must stay open' : 'must be a serial port that can be opened';
      throw new GiveUpError(`sniffing ${line.path}: ${rule}, got ${trouble}`);
    },
  };
}

const isGone = (path: string) => path !== 'simulated' && !existsSync(path);
