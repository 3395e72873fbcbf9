import { GiveUpError } from '../../shared/errors.ts';
import type { MeterSettings } from '../../shared/settings/schema.ts';
import { aborted, every, type Time } from '../../shared/time.ts';
import { together } from '../../shared/together.ts';
import { findBaud } from './bauds.ts';
import { createEar } from './ear.ts';
import { type Frame, RawFrames } from './frames.ts';
import { Heard } from './heard.ts';
import type { Teller } from './teller.ts';

/** What is to be listened to, and for how long. */
export interface Wanted {
  /** A device, or `simulated`. */
  path: string;
  baud: number | 'auto';
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

/**
 * Listens until there is enough, or the signal aborts.
 * @returns what was heard, at which rate, and why the port went, if it did.
 * @throws GiveUpError where there was nothing to listen to: the port cannot be had, or no rate gives text.
 */
export async function listen(
  { path, baud: wanted, forMs, lines }: Wanted,
  meter: MeterSettings,
  { teller, time }: { teller: Teller; time: Time },
  signal: AbortSignal,
): Promise<{ heard: Heard; baud: number; failure?: unknown }> {
  const enough = new AbortController();
  const frames = new RawFrames();
  let baud = wanted === 'auto' ? meter.baud : wanted;
  let heard = new Heard(meter.max_current);
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
  const ear = createEar({ path, baud, cadence: meter.simulated_cadence }, time, (chunk, quietMs) => {
    lastByte = time.monotonic();
    total += chunk.length;
    heard.push(chunk, lastByte, quietMs >= LINE_PAUSE);
    if (isSettled) show(frames.push(chunk, lastByte));
  });
  const listenAt = async (rate: number) => {
    await ear.setBaud(rate);
    heard = new Heard(meter.max_current);
    return heard;
  };
  const settle = async (stopped: AbortSignal) => {
    const found = await findBaud(listenAt, teller.score, time, stopped);
    if (found === undefined)
      throw new GiveUpError(
        `sniffing ${path}: must be text at one of the usual rates, but ${total === 0 ? 'nothing came at any: does the device send by itself, and is it this one?' : 'is at none: the format may be binary'}`,
      );
    baud = found.baud;
    teller.note(`${baud} baud fits best`);
    await listenAt(baud);
  };
  const attend = async (stopped: AbortSignal) => {
    let isToldSilent = false;
    await every(FLUSH, time, stopped, () => {
      const quiet = time.monotonic() - lastByte;
      if (quiet >= FLUSH) show(frames.flush());
      if (quiet >= SILENCE && !isToldSilent) teller.note(`nothing for ${SILENCE / 1000} s`);
      isToldSilent = quiet >= SILENCE;
      teller.live(heard, count);
    });
  };
  const conduct = async (stopped: AbortSignal) => {
    await Promise.race([ear.opened, aborted(stopped)]);
    stopped.throwIfAborted();
    if (wanted === 'auto') await settle(stopped);
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
