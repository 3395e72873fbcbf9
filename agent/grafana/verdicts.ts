/** The verdicts of the watches as numbers: of a series Grafana draws the values, not the labels. */
import { MappingType, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import type { State } from '../watch/verdict.ts';
import { number, series } from './prometheus.ts';
import type { Answer } from './questions.ts';

const COLOURS: Record<State, string> = {
  healthy: 'green',
  learning: 'blue',
  suspect: 'yellow',
  recovering: 'orange',
  stalled: 'red',
  blind: 'purple',
  held: 'gray',
};
const STATES = Object.entries(COLOURS);

/** The number of each verdict is its place. */
export const VERDICTS: ValueMapping[] = [
  {
    type: MappingType.ValueToText,
    options: Object.fromEntries(
      STATES.map(([text, color], index) => [String(index), { text, color, index }]),
    ),
  },
];

const NUMBERED = STATES.map(([state], index) => `wattdog_watch_state{state="${state}"} * ${index}`).join(
  ' or ',
);
const VERDICT = `max by (watch) (${NUMBERED})`;

/** Each watch and its verdict’s number. */
export const verdicts: Record<'newest' | 'series', Answer> = {
  newest: { targets: [number(VERDICT, '{{watch}}')] },
  series: { targets: [series(VERDICT, '{{watch}}')] },
};
