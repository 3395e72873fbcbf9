import type { Time } from '../../shared/time.ts';
import { LiveLine } from '../live-line.ts';
import type { Screen } from '../screen.ts';
import type { Score } from './bauds.ts';
import { type Frame, showBytes } from './frames.ts';
import type { Heard } from './heard.ts';
import {
  describeBest,
  describeCadence,
  describeHeard,
  describeText,
  describeWinner,
  type Line,
  nextCommand,
  nextVariables,
  trialTable,
} from './words.ts';

/** Tells what is heard, to a person or to a program. */
export interface Teller {
  note(text: string): void;
  score(score: Score): void;
  /** @param gap ms since the frame before it began; undefined for the first. */
  frame(frame: Frame, gap: number | undefined): void;
  /** The state so far, for a line that is always there. */
  live(heard: Heard, frames: number): void;
  end(result: { line: Line; heard: Heard }): void;
}

const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 } as const;

interface Deps {
  out: Screen;
  notes: Screen;
  time: Time;
}

/** As a person reads it. */
export function createTeller({ out, time }: Deps): Teller {
  const live = new LiveLine(out);
  return {
    note: (text) => live.write(`${text}\n`),
    score({ baud, heard }) {
      const what =
        heard.bytes === 0
          ? 'nothing came'
          : `${describeText(heard)}, ${describeBest(heard.trials.results())}`;
      live.write(`${String(baud).padStart(7)} baud  ${String(heard.bytes).padStart(5)} bytes  ${what}\n`);
    },
    frame(frame, gap) {
      const at = new Date(wallClock(frame, time)).toLocaleTimeString('sv-SE', CLOCK);
      const after = gap === undefined ? '' : `+${(gap / 1000).toFixed(2)} s`;
      live.write(`${out.paint('dim', `${at}  ${after.padStart(9)}`)}  ${showBytes(frame.bytes)}\n`);
    },
    live: (heard, frames) => live.show(describeHeard(heard, frames)),
    end({ line, heard }) {
      const { path, baud, framing } = line;
      live.show('');
      live.end();
      if (heard.bytes === 0) return;
      const at = path === 'simulated' ? '' : ` at ${baud} baud ${framing}`;
      const trials = heard.trials.results();
      out.write(
        `\n${heard.bytes} bytes${at}, ${describeText(heard)}, messages ${describeCadence(heard.cadence)}\n\n${trialTable(trials, out)}`,
      );
      const winner = heard.trials.winner();
      if (winner === undefined) return;
      out.write(`\n${describeWinner(winner, trials)}\n`);
      const compose = path === 'simulated' ? '' : `\nor in .env:    ${nextVariables(line, winner, heard)}`;
      out.write(`\nto read it:    ${out.paint('bold', nextCommand(line, winner, heard))}${compose}\n`);
    },
  };
}

/** As JSON lines, `{event, data}`; what is only for people goes to standard error. */
export function createJsonTeller({ out, notes, time }: Deps): Teller {
  const tell = (event: string, data: object) => out.write(`${JSON.stringify({ event, data })}\n`);
  const summary = (heard: Heard) => ({
    bytes: heard.bytes,
    text: heard.bits.text,
    parity: heard.bits.parity ?? null,
    cadence: heard.cadence ?? null,
    decoders: heard.trials.results(),
  });
  return {
    note: (text) => notes.write(`${text}\n`),
    score: ({ baud, heard }) => tell('baud', { baud, ...summary(heard) }),
    frame: (frame) =>
      tell('frame', {
        time: new Date(wallClock(frame, time)).toISOString(),
        text: showBytes(frame.bytes),
        hex: frame.bytes.toString('hex'),
      }),
    live: () => {},
    end: ({ line: { path, baud, framing }, heard }) =>
      tell('end', {
        port: path,
        baud,
        framing,
        ...summary(heard),
        decoder: heard.trials.winner()?.format ?? null,
      }),
  };
}

/** ms since 1970 UTC. */
function wallClock({ at }: Frame, time: Time): number {
  return time.now() - (time.monotonic() - at);
}
