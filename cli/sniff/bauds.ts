import type { Time } from '../../shared/time.ts';
import type { Heard } from './heard.ts';

/** The usual ones, the likeliest first. */
const RATES = [9600, 115_200, 57_600, 38_400, 19_200, 4800, 2400, 1200, 300];
/** ms that each is listened to, and how much longer the first, while a device that was reset boots. */
const DWELL = 4000;
const BOOT = 3000;
const LOOK = 50;
/** Frames that a decoder understands, and bytes, after which no more is needed. */
const ENOUGH_FRAMES = 3;
const ENOUGH_BYTES = 512;

/** What was heard at one rate. */
export interface Score {
  baud: number;
  heard: Heard;
}

/**
 * Listens at the usual rates in turn, until a decoder understands what comes at one of them.
 * @param listenAt sets the rate; what it returns hears what comes from then on.
 * @param tell is told each score as it is known.
 * @returns the rate that fits best, or undefined where none gave text.
 */
export async function findBaud(
  listenAt: (rate: number) => Promise<Heard>,
  tell: (score: Score) => void,
  time: Time,
  signal: AbortSignal,
): Promise<Score | undefined> {
  const scores: Score[] = [];
  for (const baud of RATES) {
    const heard = await listenAt(baud);
    const until = time.monotonic() + DWELL + (scores.length === 0 ? BOOT : 0);
    while (time.monotonic() < until && !isEnough(heard)) await time.sleep(LOOK, signal);
    scores.push({ baud, heard });
    tell({ baud, heard });
    if (heard.trials.winner() !== undefined) break;
  }
  return scores.find(({ heard }) => heard.trials.winner()) ?? likeliest(scores);
}

function isEnough({ trials, bytes }: Heard): boolean {
  return bytes >= ENOUGH_BYTES || (trials.winner()?.accepted ?? 0) >= ENOUGH_FRAMES;
}

/** Text, and the most of it: at a rate that is too low, the same signals make fewer bytes. */
function likeliest(scores: readonly Score[]): Score | undefined {
  return scores
    .filter(({ heard }) => heard.isPlausible)
    .sort((a, b) => b.heard.text - a.heard.text || b.heard.bytes - a.heard.bytes)[0];
}
