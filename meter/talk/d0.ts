import { Notifier } from '../../shared/notifier.ts';
import type { OpenPort } from '../port.ts';
import { findIdentification, type Identification } from './identification.ts';
import type { Talk, TalkDeps } from './talk.ts';

const REQUEST = Buffer.from('/?!\r\n');
/** `0`: the normal procedure; the rate; `0`: data, please. */
const acknowledge = (code: string) => Buffer.from(`\x060${code}0\r\n`, 'latin1');
const CHARACTERS_OF_ACKNOWLEDGEMENT = 6;
/** Start bit, 7 data bits, parity, stop bit. */
const BITS = 10;
/** ms without a byte after which a meter has said all it is going to: it may take 1500 to begin. */
const PATIENCE = 2000;
/** ms of silence that end a telegram once it was understood. */
const END = 200;
/** ms; the longest readout at 300 baud is over by then. */
const LONGEST = 300_000;
const TRIES = 2;
/** An identification has at most 23 characters; what comes before it may be an echo, or noise. */
const KEPT = 256;

interface Options {
  /** ms between the beginnings of two readouts. */
  period: number;
  /** ms after opening in which nothing is written. */
  settle: number;
  /** At which it is asked; 300 by the standard. */
  baud: number;
}

/** Asks a meter of IEC 62056-21 for its data: request, identification, acknowledgement, and at which rate. */
export function talkD0(port: OpenPort, options: Options, { time, log }: TalkDeps): Talk {
  const { signal } = port;
  const arrived = new Notifier();
  let text = '';
  let understood = false;
  let lastByte = time.monotonic();
  let isSilent = false;
  const pause = (ms: number) => time.sleep(ms, signal).catch(() => {});

  /** Listens until `found`, or until nothing comes any more. */
  const listen = async <T>(found: () => T | undefined): Promise<T | undefined> => {
    const began = time.monotonic();
    while (!signal.aborted && time.monotonic() - began < LONGEST) {
      const left = Math.max(began, lastByte) + (understood ? END : PATIENCE) - time.monotonic();
      const result = found();
      if (result !== undefined || left <= 0) return result;
      await arrived.wait(left, time, signal);
    }
    return undefined;
  };

  /** Brings both sides to the rate of the data, as the meter's mode has it. */
  const agree = async ({ mode, baud = options.baud, code, reaction }: Identification) => {
    if (mode === 'C') {
      await pause(reaction);
      port.write(acknowledge(code));
      // Not before its last bit is out, and not after the meter's first may be there.
      await pause((CHARACTERS_OF_ACKNOWLEDGEMENT * BITS * 1000) / options.baud + reaction / 2);
    }
    if (baud !== options.baud) await port.setBaud(baud);
    return baud;
  };

  /** @returns whether the meter gave its data. */
  const readOut = async (): Promise<boolean> => {
    text = '';
    understood = false;
    port.write(REQUEST);
    const identification = await listen(() => findIdentification(text));
    if (identification === undefined || signal.aborted) return false;
    log.debug(identification, 'the meter identified itself');
    const baud = await agree(identification);
    await listen(() => undefined);
    if (baud !== options.baud) await port.setBaud(options.baud);
    return understood;
  };

  return {
    heard(chunk, { samples }) {
      lastByte = time.monotonic();
      // Where the line is read with 8 bits, the eighth is the parity.
      text = (text + Buffer.from(chunk.map((byte) => byte & 0x7f)).toString('latin1')).slice(-KEPT);
      understood ||= samples.length > 0;
      arrived.notify();
    },
    async run() {
      await pause(options.settle);
      while (!signal.aborted) {
        const began = time.monotonic();
        let done = false;
        for (let attempt = 0; attempt < TRIES && !done && !signal.aborted; attempt++) done = await readOut();
        if (!done && !isSilent && !signal.aborted) log.warn('the meter does not answer; asking it again');
        isSilent = !done;
        await pause(Math.max(END, began + options.period - time.monotonic()));
      }
    },
  };
}
