import { decoderOptions } from '../../meter/line.ts';
import type { OpenPort } from '../../meter/port.ts';
import { GiveUpError } from '../../shared/errors.ts';
import { createLog } from '../../shared/log.ts';
import type { Meter } from '../../shared/settings/meter.ts';
import { aborted, every, type Time } from '../../shared/time.ts';
import { together } from '../../shared/together.ts';
import { type Asked, createAsker } from './ask.ts';
import { findBaud } from './bauds.ts';
import { createEar } from './ear.ts';
import { type Frame, RawFrames } from './frames.ts';
import { Heard } from './heard.ts';
import type { Teller } from './teller.ts';
import { SILENT_WHY } from './words.ts';

/** What is to be listened to, how, and for how long. */
export interface Wanted {
  /** A device, or `simulated`. */
  path: string;
  baud: number | 'auto';
  framing: NonNullable<Meter['framing']>;
  /** Asks the meter, and does not only listen. */
  ask: Asked | undefined;
  /** ms; undefined for as long as nobody ends it. */
  forMs: number | undefined;
  /** Frames after which it ends. */
  lines: number;
}

/** ms without a byte after which the next one begins a line, as the meter has it. */
const LINE_PAUSE = 100;
/** ms after which what has come of a frame is shown. */
const FLUSH = 250;
/** ms of silence that are worth a word. */
const SILENCE = 5000;
/** ms after the rate was changed in which what comes may still be of the one before. */
const CHANGE = 150;
/** The rate that is listened at first. */
const FIRST = 9600;

/**
 * Listens until there is enough, or the signal aborts.
 * @returns what was heard, at which rate, and why the port went, if it did.
 * @throws GiveUpError where there was nothing to listen to: the port cannot be had, or no rate gives text.
 */
export async function listen(
  { path, baud: wanted, framing, ask, forMs, lines }: Wanted,
  meter: Meter,
  { teller, time }: { teller: Teller; time: Time },
  signal: AbortSignal,
): Promise<{ heard: Heard; baud: number; failure?: unknown }> {
  const enough = new AbortController();
  const frames = new RawFrames();
  const log = await createLog(
    { level: 'warn', format: 'json' },
    { write: (line) => teller.note(said(line)) },
  );
  const asker = ask && createAsker(ask, meter, { time, log });
  // With the settings’ key, what is encrypted is read.
  const options = decoderOptions([meter], true);
  let baud = wanted === 'auto' ? FIRST : wanted;
  let heard = new Heard(options);
  let isSettled = false;
  let total = 0;
  let count = 0;
  let lastByte = time.monotonic();
  let lastFrame: Frame | undefined;

  const show = (found: Frame[]) => {
    for (const frame of found) {
      if (count >= lines) return;
      teller.frame(frame, lastFrame && frame.at - lastFrame.at);
      lastFrame = frame;
      if (++count >= lines) enough.abort();
    }
  };
  const cadence = meter.simulated_cadence;
  const ear = createEar({ path, baud, framing, cadence }, time, (chunk, quietMs) => {
    lastByte = time.monotonic();
    total += chunk.length;
    heard.push(chunk, lastByte, quietMs >= LINE_PAUSE);
    asker?.heard(chunk, quietMs >= LINE_PAUSE);
    if (isSettled) show(frames.push(chunk, lastByte));
  });
  const listenAt = async (port: OpenPort, rate: number, stopped: AbortSignal) => {
    // What comes meanwhile is of neither rate.
    heard = new Heard(options);
    await port.setBaud(rate);
    await time.sleep(CHANGE, stopped);
    heard = new Heard(options);
    return heard;
  };
  const settle = async (port: OpenPort, stopped: AbortSignal) => {
    const found = await findBaud((rate) => listenAt(port, rate, stopped), teller.score, time, stopped);
    if (found === undefined)
      throw new GiveUpError(
        `sniffing ${path}: a decoder must understand what comes at one of the usual rates, or it be text, but ${total === 0 ? `nothing came at any: ${SILENT_WHY}` : 'neither is so at any: a rate that is not usual, or a binary format that is not known'}`,
      );
    baud = found.baud;
    teller.note(`${baud} baud fits best`);
    await listenAt(port, baud, stopped);
  };
  const attend = async (stopped: AbortSignal) => {
    let isToldSilent = false;
    await every(FLUSH, time, stopped, () => {
      const quiet = time.monotonic() - lastByte;
      if (quiet >= FLUSH) show(frames.flush());
      if (quiet >= SILENCE && !isToldSilent)
        teller.note(`nothing for ${SILENCE / 1000} s${total === 0 && !ask ? `: ${SILENT_WHY}` : ''}`);
      isToldSilent = quiet >= SILENCE;
      teller.live(heard, count);
    });
  };
  const conduct = async (stopped: AbortSignal) => {
    const port = await Promise.race([ear.opened, aborted(stopped)]);
    stopped.throwIfAborted();
    if (port && wanted === 'auto') await settle(port, stopped);
    if (port) asker?.start(port);
    isSettled = true;
    const ending = forMs === undefined ? undefined : time.sleep(forMs, stopped).then(() => enough.abort());
    await Promise.all([attend(stopped), ending]);
  };

  let failure: unknown;
  try {
    await together(AbortSignal.any([signal, enough.signal]), ear.run, (stopped) =>
      conduct(stopped).catch((error: unknown) => {
        if (!stopped.aborted) throw error;
      }),
    );
  } catch (error) {
    if (!isSettled) throw error;
    failure = error;
  }
  show(frames.flush());
  return { heard, baud, failure };
}

/** The message of a line of the log. */
function said(line: string): string {
  const { msg } = JSON.parse(line) as { msg: string };
  return msg;
}
