import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { Counter } from '../../../meter/decoders/decoder.ts';
import { createPanelDecoder } from '../../../meter/decoders/panel.ts';
import type { Board } from '../../support/avr.ts';
import { type Owner, until } from '../../support/system.ts';
import { ENOUGH, listening } from './household.ts';

const LINE_FEED = 0x0a;

/** Reads the board's port without a meter between; gives what the lines since the last call counted. */
export async function openPort(t: Owner, board: Board): Promise<() => Promise<Counter[]>> {
  const port = openSync(board.port, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  t.teardown(() => closeSync(port));
  await listening(board);
  const decoder = createPanelDecoder({ phases: 2, maxCurrent: 100, atLineStart: true });
  const buffer = Buffer.alloc(8192);
  let received = 0;
  return async () => {
    const { lines } = await board.tell('status');
    const counters: Counter[] = [];
    // The kernel takes its time from one end of a pty to the other.
    await until(`${lines} lines`, ENOUGH, () => {
      const chunk = buffer.subarray(0, readNow(port, buffer));
      received += chunk.filter((byte) => byte === LINE_FEED).length;
      counters.push(...decoder.push(chunk).samples.flatMap(({ counter }) => counter ?? []));
      return received >= lines;
    });
    return counters;
  };
}

function readNow(port: number, buffer: Buffer): number {
  try {
    return readSync(port, buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}
