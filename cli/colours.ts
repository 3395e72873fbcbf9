import type { State } from '../agent/watch/verdict.ts';
import type { Style } from './screen.ts';

const STATES: Record<State, Style> = {
  learning: 'cyan',
  healthy: 'green',
  suspect: 'yellow',
  stalled: 'red',
  recovering: 'cyan',
  blind: 'yellow',
  held: 'dim',
};

/** The colour of a verdict; undefined for any other word. */
export function styleOfState(state: string): Style | undefined {
  return Object.hasOwn(STATES, state) ? STATES[state as State] : undefined;
}
