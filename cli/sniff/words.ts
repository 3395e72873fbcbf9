/** What was heard, told to a person. */
import { USUAL_LINE } from '../../meter/decoders/usual.ts';
import type { Meter } from '../../shared/settings/meter.ts';
import type { Screen } from '../screen.ts';
import { type Row, table } from '../table.ts';
import type { Asked } from './ask.ts';
import type { Cadence } from './gaps.ts';
import type { Heard } from './heard.ts';
import { FORMATS, REFUSALS, type Trial, USUAL_PHASES, understands } from './trials.ts';

type Framing = NonNullable<Meter['framing']>;

/** A port and what it was heard with. */
export interface Line {
  /** Its most stable name. */
  path: string;
  baud: number;
  /** With which it was opened. */
  framing: Framing;
  ask: Asked | undefined;
  /** With which it was asked: the meter's name, and whether it was woken. */
  address?: string | undefined;
  wakeUp?: boolean;
}

export const SILENT_WHY =
  'does the device send by itself, and is it this one? A PZEM, and some meters with an optical port, say nothing until they are asked: --ask pzem or --ask d0 does';
const UNANSWERED_WHY: Record<Asked, string> = {
  pzem: 'is it powered, and are its two data wires the right way round?',
  d0: 'does the head sit where it belongs, its cable downwards? Some meters answer only by the number printed on them (--meter.device_address 00123456), those on a battery only when they are woken (--meter.wake_up true)',
};

/** What of a trial must be a setting where it is another. */
const FIRST_ADDRESS = 1;
/** Seconds between two readouts of D0, unless they take longer; the settings have one for the others. */
const ASK_EVERY = 30;
/** By which the time that a readout takes must be exceeded. */
const SLACK = 1.5;

/** `every 1.20 s (1.19 to 1.21 s)`. */
export function describeCadence(cadence: Cadence | undefined): string {
  if (cadence === undefined) return 'no cadence yet';
  const seconds = (ms: number) => (ms / 1000).toFixed(2);
  return `every ${seconds(cadence.median)} s (${seconds(cadence.low)} to ${seconds(cadence.high)} s)`;
}

/** Cut, not rounded: 100 % is all of them. */
const percent = (share: number) => `${Math.floor(100 * share)} %`;

export function describeText({ bits, isPlausible }: Heard): string {
  const { parity } = bits;
  if (parity !== undefined)
    return `${percent(bits.text)} text of 7 bits: bit 8 is always as ${parity} parity makes it, so this is ${framingOf(parity)}, read as 8N1`;
  const high = isPlausible ? '' : ` (bit 8 is set in ${percent(bits.high)} of the bytes)`;
  return `${percent(bits.text)} text${high}`;
}

function framingOf(parity: 'even' | 'odd'): Framing {
  return parity === 'even' ? '7E1' : '7O1';
}

/** For a live line, the most telling first. */
export function describeHeard(heard: Heard, frames: number): string {
  const trials = heard.trials
    .results()
    .filter(({ accepted, refused }) => accepted + refused > 0)
    .map(({ format, accepted, refused, lastRefusal }) => {
      const why = lastRefusal === undefined ? '' : ` (${lastRefusal})`;
      return `${format} ${accepted} of ${accepted + refused}${why}`;
    });
  return [...trials, `${frames} frames`, describeCadence(heard.cadence), percent(heard.bits.text)].join(
    ' │ ',
  );
}

/** Who of them, the best first, understands the most. */
export function describeBest(trials: readonly Trial[]): string {
  const [best] = trials;
  if (best !== undefined && best.accepted > 0)
    return `${best.format} understands ${best.accepted} of ${best.accepted + best.refused}`;
  const locked = trials.find(({ encrypted }) => encrypted);
  return locked ? `${locked.format}, encrypted` : 'no decoder understands it';
}

/** What each decoder made of it. */
export function trialTable(trials: readonly Trial[], out: Screen): string {
  const rows = trials.map(
    (trial): Row => ({
      decoder: trial.format,
      accepted: trial.accepted,
      refused: trial.refused,
      'last refusal': trial.lastRefusal === undefined ? '' : REFUSALS[trial.lastRefusal],
      reads: FORMATS[trial.format],
    }),
  );
  const winners = trials.filter(understands).map(({ format }) => format);
  return table(rows, out, {
    shorten: 'reads',
    leaveOut: ['reads'],
    styleOf: (heading, cell) =>
      heading === 'decoder' && winners.some((format) => format === cell) ? 'green' : undefined,
  });
}

/** What else is to be known of who understands it: the pace of its samples, who else does, who answered. */
export function describeWinner(winner: Trial, trials: readonly Trial[]): string {
  const others = trials.filter((trial) => trial.format !== winner.format && understands(trial));
  const [same, less] = [true, false].map((isSame) =>
    others.filter(({ told }) => (told === winner.told) === isSame).map(({ format }) => format),
  );
  const { cadence, addresses } = winner;
  return [
    `${winner.format}: samples ${describeCadence(cadence)}`,
    ...(addresses.length > 0
      ? [`addresses that answer: ${addresses.toSorted((a, b) => a - b).join(', ')}`]
      : []),
    ...(same && same.length > 0
      ? [`${same.join(' and ')} would read the same: which of them it is, the table and the meter tell`]
      : []),
    ...(less && less.length > 0
      ? [`${less.join(' and ')} would read it, too, but check less, or understand less`]
      : []),
  ].join('; ');
}

/** What to do when nothing, or nothing that can be understood, came. */
export function describeTrouble(heard: Heard, { baud, ask }: Line): string {
  if (heard.bytes === 0)
    return ask
      ? `nothing came, though ${ask} was asked for: ${UNANSWERED_WHY[ask]}`
      : `nothing came: ${SILENT_WHY}; another baud rate would mostly give garbage, not silence`;
  const trials = heard.trials.results();
  if (trials.some(({ encrypted }) => encrypted))
    return 'its telegrams are encrypted: meter.key must be the key that the grid operator gives out';
  const [best] = trials;
  if (best !== undefined && best.accepted > 0)
    return `${describeBest(trials)} only, and refuses the rest${best.lastRefusal === undefined ? '' : ` (${REFUSALS[best.lastRefusal]})`}: a bad line, or something else on it`;
  if (!heard.isPlausible)
    return `it is no text at ${baud} baud, and no binary format that is known: --baud auto tries the usual rates`;
  return 'it is text, but of a format that no decoder knows';
}

/** Settings that differ from what the decoder has by itself. */
interface Unusual {
  baud?: number;
  framing?: Framing;
  poll?: string;
  address?: number;
  device_address?: string;
  wake_up?: true;
  phases?: string;
}

function unusual({ baud, framing, ask, address: name, wakeUp }: Line, trial: Trial, heard: Heard): Unusual {
  const usual = USUAL_LINE[trial.format];
  const { parity } = heard.bits;
  const told = parity === undefined ? framing : framingOf(parity);
  const [address = FIRST_ADDRESS] = trial.addresses;
  const isAsked = ask === 'd0' && trial.format === 'd0';
  return {
    ...(baud === usual.baud ? {} : { baud }),
    ...(told === usual.framing ? {} : { framing: told }),
    ...(isAsked ? { poll: pollOf(trial) } : {}),
    ...(isAsked && name !== undefined ? { device_address: name } : {}),
    ...(isAsked && wakeUp ? { wake_up: true } : {}),
    ...(trial.format === 'pzem' && address !== FIRST_ADDRESS ? { address } : {}),
    ...(trial.phases === USUAL_PHASES ? {} : { phases: `[${Array(trial.phases).fill('{}').join(', ')}]` }),
  };
}

/** A readout at 300 baud may take minutes. */
function pollOf({ cadence }: Trial): string {
  const least = (SLACK * (cadence?.median ?? 0)) / 1000;
  return `${ASK_EVERY * Math.max(1, Math.ceil(least / ASK_EVERY))}s`;
}

/** As a shell, and `.env`, take it for one word. */
const quoted = (value: string | number | true) =>
  /^[\w.:-]+$/.test(String(value)) ? String(value) : `'${String(value).replaceAll("'", "'\\''")}'`;

/** How to read this port from now on. */
export function nextCommand(line: Line, trial: Trial, heard: Heard): string {
  const { path } = line;
  if (path === 'simulated') return 'npm start';
  return [
    `npm start -- --port ${path} --decoder ${trial.format}`,
    ...Object.entries(unusual(line, trial, heard)).map(
      ([key, value]) => `--${key === 'baud' ? key : `meter.${key}`} ${quoted(value)}`,
    ),
  ].join(' ');
}

/** The same for `.env` of compose. */
export function nextVariables(line: Line, trial: Trial, heard: Heard): string {
  return [
    `METER_PORT=${line.path}`,
    `METER_DECODER=${trial.format}`,
    ...Object.entries(unusual(line, trial, heard)).map(
      ([key, value]) => `METER_${key.toUpperCase()}=${quoted(value)}`,
    ),
  ].join(' ');
}
