import type { Time } from '../../shared/time.ts';
import type { Heard } from './heard.ts';

/** The usual ones, the likeliest first. */
const RATES = [9600, 115_200, 57_600, 38_400, 19_200, 4800, 2400, 1200, 300];
/** Tried next where the first two are silent: some ports drop all that comes at a far lower rate than theirs. */
const SLOW = [300, 1200, 2400, 4800];
/** ms until the first byte comes: many meters speak every 10 s. And how much longer at first, for a device boots. */
const SILENCE = 12_000;
const BOOT = 3000;
/** Rates at which silence is heard before only slow ones are left, of which the slowest must be silent, too. */
const SILENT_RATES = 2;
/** ms from the first byte on: of what may be text, or binary, of frames that were begun before we listened. */
const DWELL = 5000;
const DWELL_TEXT = 13_000;
const LOOK = 50;
/** Frames that a decoder understands after which no more is needed. */
const ENOUGH_FRAMES = 3;

/** What was heard at one rate. */
export interface Score {
  baud: number;
  heard: Heard;
}

/**
 * Listens at the usual rates in turn, until a decoder understands what comes at one of them. Seven bits
 * with parity need no turn of their own: read as eight, they show it.
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
  let rates = RATES;
  for (let [baud] = rates; baud !== undefined; [baud] = rates) {
    rates = rates.slice(1);
    const heard = await listenAt(baud);
    const began = time.monotonic();
    const patience = SILENCE + (scores.length === 0 ? BOOT : 0);
    while (!isJudged(heard, began + patience, time.monotonic())) await time.sleep(LOOK, signal);
    scores.push({ baud, heard });
    tell({ baud, heard });
    if (heard.trials.winner() !== undefined || isKnown(heard)) break;
    if (scores.some((score) => score.heard.bytes > 0)) continue;
    if (scores.length === SILENT_RATES) rates = SLOW;
    if (scores.length > SILENT_RATES) break;
  }
  return (
    scores.find(({ heard }) => heard.trials.winner()) ??
    scores.find(({ heard }) => isKnown(heard)) ??
    likeliest(scores)
  );
}

/** Whether more listening would not tell more. */
function isJudged(heard: Heard, patience: number, now: number): boolean {
  if (heard.since === undefined) return now >= patience;
  const lasted = now - heard.since;
  const accepted = heard.trials.winner()?.accepted ?? 0;
  if (accepted >= ENOUGH_FRAMES || isKnown(heard)) return true;
  return lasted >= (heard.isPlausible && accepted === 0 ? DWELL_TEXT : DWELL);
}

/** Whether telegrams come whole, which only a key would open. */
function isKnown(heard: Heard): boolean {
  return heard.trials.results().some(({ encrypted }) => encrypted);
}

/** Text, and the most of it: at a rate that is too low, the same signals make fewer bytes. */
function likeliest(scores: readonly Score[]): Score | undefined {
  return scores
    .filter(({ heard }) => heard.isPlausible)
    .sort((a, b) => b.heard.bits.text - a.heard.bits.text || b.heard.bytes - a.heard.bytes)[0];
}
