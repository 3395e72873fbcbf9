/** What was heard, told to a person. */
import type { Screen } from '../screen.ts';
import { type Row, table } from '../table.ts';
import type { Cadence, Heard } from './heard.ts';
import { FORMATS, REFUSALS, type Trial, understands } from './trials.ts';

/** `every 1.20 s (1.19 to 1.21 s)`. */
export function describeCadence(cadence: Cadence | undefined): string {
  if (cadence === undefined) return 'no cadence yet';
  const seconds = (ms: number) => (ms / 1000).toFixed(2);
  return `every ${seconds(cadence.median)} s (${seconds(cadence.low)} to ${seconds(cadence.high)} s)`;
}

/** Cut, not rounded: 100 % is all of them. */
export function describeText(heard: Heard): string {
  return `${Math.floor(100 * heard.text)} % text`;
}

/** For a live line, the most telling first. */
export function describeHeard(heard: Heard, frames: number): string {
  const trials = heard.trials.results().map(({ format, accepted, refused, lastRefusal }) => {
    const why = lastRefusal === undefined ? '' : ` (${lastRefusal})`;
    return `${format} ${accepted} of ${accepted + refused}${why}`;
  });
  return [...trials, `${frames} lines`, describeCadence(heard.cadence), describeText(heard)].join(' │ ');
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

/** What to do when nothing, or nothing that can be understood, came. */
export function describeTrouble(heard: Heard, baud: number): string {
  if (heard.bytes === 0)
    return 'nothing came: does the device send by itself, and is it this one? Another baud rate would give garbage, not silence';
  if (!heard.isPlausible)
    return `it is no text at ${baud} baud: --baud auto tries the usual rates; if none fits, the format is binary`;
  return 'it is text, but of a format that no decoder knows';
}

/** How to read this port from now on. @param path its most stable name. */
export function nextCommand(path: string, baud: number, { format, phases }: Trial): string {
  if (path === 'simulated') return 'npm start';
  return [
    `npm start -- --port ${path} --decoder ${format}`,
    ...(baud === 9600 ? [] : [`--baud ${baud}`]),
    ...(phases === 2 ? [] : [`--meter.phases '[${Array(phases).fill('{}').join(', ')}]'`]),
  ].join(' ');
}

/** The same for `.env` of compose. */
export function nextVariables(path: string, baud: number, { format }: Pick<Trial, 'format'>): string {
  return [
    `METER_PORT=${path}`,
    `METER_DECODER=${format}`,
    ...(baud === 9600 ? [] : [`METER_BAUD=${baud}`]),
  ].join(' ');
}
