import { Notifier } from '../../shared/notifier.ts';
import { ANYBODY } from '../../shared/settings/meters.ts';
import { pzemRequest } from '../decoders/pzem-frame.ts';
import type { OpenPort } from '../port.ts';
import { Roll } from './roll.ts';
import type { Talk, TalkDeps } from './talk.ts';

/** ms for an answer to begin and end; a module takes about 100. */
const PATIENCE = 300;
/** ms of silence that part two frames on the bus: 3.5 characters, and what an adapter holds back. */
const PAUSE = 10;
/** ms between two questions to a module that is absent, at most. */
const MOST_ABSENCE = 30_000;

interface Options {
  /** ms between the beginnings of two rounds. */
  period: number;
  /** ms after opening in which nothing is written. */
  settle: number;
  addresses: readonly number[];
}

/** Asks the modules of one bus in turn, one at a time: nobody else may speak until it has answered, or not. */
export function talkPzem(
  { signal, write }: OpenPort,
  { period, settle, addresses }: Options,
  { time, log }: TalkDeps,
): Talk {
  const roll = new Roll(addresses, Math.max(1, Math.round(MOST_ABSENCE / period)));
  const arrived = new Notifier();
  let asked: number | undefined;

  /** Resolves when it has answered, or is not going to. */
  const ask = async (address: number) => {
    const deadline = time.monotonic() + PATIENCE;
    asked = address;
    write(pzemRequest(address));
    for (let left = PATIENCE; asked === address && left > 0 && !signal.aborted; ) {
      await arrived.wait(left, time, signal);
      left = deadline - time.monotonic();
    }
    if (asked === undefined || signal.aborted) return;
    asked = undefined;
    if (roll.missed(address)) log.warn({ address }, 'a module does not answer; asking it more rarely');
  };

  return {
    heard(_chunk, { samples }) {
      for (const { address: own } of samples) {
        const address = addresses.includes(ANYBODY) ? ANYBODY : own;
        if (address === undefined) continue;
        if (roll.answered(address)) log.info({ address }, 'the module answers again');
        if (address === asked) asked = undefined;
      }
      arrived.notify();
    },
    async run() {
      await time.sleep(settle, signal).catch(() => {});
      while (!signal.aborted) {
        const began = time.monotonic();
        for (const address of roll.next()) {
          await ask(address);
          await time.sleep(PAUSE, signal).catch(() => {});
        }
        await time.sleep(Math.max(PAUSE, began + period - time.monotonic()), signal).catch(() => {});
      }
    },
  };
}
