import { Notifier } from '../../shared/notifier.ts';
import type { OpenPort } from '../port.ts';
import { findIdentification, type Identification } from './identification.ts';
import type { Talk, TalkDeps } from './talk.ts';

const request = (address: string) => Buffer.from(`/?${address}!\r\n`, 'latin1');
/** `0`: the normal procedure; the rate; `0`: data, please. */
const acknowledge = (code: string) => Buffer.from(`\x060${code}0\r\n`, 'latin1');
/** Start bit, 7 data bits, parity, stop bit. */
const BITS = 10;
/** ms without a byte of either side after which a meter has said all it is going to: it may take 1500 to begin. */
const PATIENCE = 2000;
/** ms of silence that end a telegram once it was understood. */
const END = 200;
/** ms; the longest readout that the decoder takes is over by then, at 300 baud. */
const LONGEST = 600_000;
/** ms of zeros that wake a meter on a battery, and of silence after them: the middle of what the standard allows. */
const ZEROS = 2200;
const WAKING = 1600;
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
  /** Of the meter, where it answers to nobody who does not know it. */
  address?: string | undefined;
  /** Whether it sleeps until it is woken. */
  wakeUp: boolean;
}

/** Asks a meter of IEC 62056-21 for its data: request, identification, acknowledgement, and at which rate. */
export function talkD0(port: OpenPort, options: Options, { time, log }: TalkDeps): Talk {
  const { signal } = port;
  const arrived = new Notifier();
  let text = '';
  let understood = false;
  let lastByte = time.monotonic();
  /** What it said of itself when it was asked last. */
  let identification: Identification | undefined;
  /** Whether it was understood at the rate that it proposes; and whether it is told to leave it as it is. */
  let keepsWord = false;
  let isHeldBack = false;
  /** What was told of its failing, until it succeeds. */
  const told = new Set<string>();
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

  /** Resolves when the last bit is out. */
  const send = (bytes: Uint8Array) => {
    port.write(bytes);
    return pause((bytes.length * BITS * 1000) / options.baud);
  };

  const wake = async () => {
    await send(new Uint8Array(Math.round((ZEROS * options.baud) / BITS / 1000)));
    await pause(WAKING);
  };

  /** Brings both sides to the rate of the data, as the meter's mode has it. */
  const agree = async ({ mode, baud = options.baud, code, reaction }: Identification) => {
    if (mode === 'C') {
      await pause(reaction);
      await send(acknowledge(code));
      // Not before the last bit is out, and not after the meter's first may be there.
      await pause(reaction / 2);
    }
    if (baud !== options.baud) await port.setBaud(baud);
    return baud;
  };

  /** @returns whether the meter gave its data. */
  const readOut = async (): Promise<boolean> => {
    if (options.wakeUp) await wake();
    text = '';
    understood = false;
    await send(request(options.address ?? ''));
    identification = await listen(() => findIdentification(text));
    if (identification === undefined || signal.aborted) return false;
    log.debug(identification, 'the meter identified itself');
    const unchanged = { ...identification, code: '0', baud: options.baud };
    const baud = await agree(isHeldBack ? unchanged : identification);
    await listen(() => undefined);
    if (baud !== options.baud) await port.setBaud(options.baud);
    keepsWord ||= understood && !isHeldBack;
    return understood;
  };

  /** Some meters propose a rate at which they, or the head before them, cannot be read. */
  const reconsider = () => {
    const { mode, baud } = identification ?? {};
    isHeldBack = !isHeldBack && !keepsWord && mode === 'C' && baud !== options.baud;
    const trouble =
      identification === undefined
        ? 'the meter does not answer; asking it again'
        : isHeldBack
          ? `nothing can be read at the ${baud} baud that the meter proposes; asking it to stay at ${options.baud}`
          : 'the meter answers, but its data cannot be read; asking it again';
    if (!told.has(trouble)) log.warn(trouble);
    told.add(trouble);
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
        if (done) told.clear();
        else if (!signal.aborted) reconsider();
        await pause(Math.max(END, began + options.period - time.monotonic()));
      }
    },
  };
}
