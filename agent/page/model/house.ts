import type { WatchStatus } from '../../doors/operations.ts';
import type { Incident } from '../../guard/incident.ts';
import { and } from '../../notify/words.ts';
import type { State } from './state.ts';

/** How a thing stands: well, worth a look, wrong, out of our sight, left alone, or not known yet. */
export type Tone = 'good' | 'notice' | 'bad' | 'blind' | 'calm';

/** The state of the house, or of a part of it, in one sentence that changes only when the state does. */
export interface Condition {
  tone: Tone;
  sentence: string;
}

type WatchState = WatchStatus['verdict']['state'];

export const TONES: Record<WatchState, Tone> = {
  stalled: 'bad',
  recovering: 'notice',
  suspect: 'notice',
  blind: 'blind',
  learning: 'calm',
  held: 'calm',
  healthy: 'good',
};

export const STATE_WORDS: Record<WatchState, string> = {
  stalled: 'Stalled',
  recovering: 'Recovering',
  suspect: 'Suspect',
  blind: 'Blind',
  learning: 'Learning',
  held: 'Left alone',
  healthy: 'Healthy',
};

/** The gravest first. */
const GRAVITY: readonly WatchState[] = [
  'stalled',
  'recovering',
  'suspect',
  'blind',
  'learning',
  'held',
  'healthy',
];

const SENTENCES: Record<WatchState, (names: string, isOne: boolean) => string> = {
  stalled: (names, isOne) => `${names} ${isOne ? 'has' : 'have'} stalled`,
  recovering: (names, isOne) => `${names} ${isOne ? 'is' : 'are'} being healed`,
  suspect: (names, isOne) => `${names} ${isOne ? 'is' : 'are'} suspect: something is missing`,
  blind: (names) => `Blind: the agent cannot see ${names} at present`,
  learning: (names) => `Getting to know ${names}`,
  held: (names, isOne) => `${names} ${isOne ? 'is' : 'are'} left alone`,
  healthy: (names, isOne) => `All is well: ${names} ${isOne ? 'reports' : 'report'} as usual`,
};
/** Names in a sentence; of more, their number. */
const MOST_NAMES = 3;

/** What matters most, in one sentence. */
export function houseOf(state: State): Condition {
  const { agent, watches, incidents, stores } = state;
  if (agent === undefined) return { tone: 'calm', sentence: 'Asking the agent…' };
  const helpless = incidents.find((incident) => isOpen(incident) && incident.help !== undefined);
  if (helpless) return { tone: 'bad', sentence: `${helpless.watch} needs you: ${helpless.help?.why ?? ''}` };
  if (agent.journal.trouble !== null)
    return { tone: 'bad', sentence: `The journal cannot be written: ${agent.journal.trouble}` };
  const gravest = GRAVITY.find((grave) => watches.some(({ verdict }) => verdict.state === grave));
  if (gravest !== undefined && gravest !== 'healthy') return ofWatches(gravest, watches);
  if (!agent.connected) return { tone: 'blind', sentence: 'The agent has lost its broker' };
  const down = stores.find(({ downSince }) => downSince !== null);
  if (down) return { tone: 'notice', sentence: `All is read; ${down.name} is away, its readings wait` };
  if (gravest === undefined) return { tone: 'calm', sentence: 'Nothing is watched yet' };
  return ofWatches('healthy', watches);
}

function ofWatches(state: WatchState, all: readonly WatchStatus[]): Condition {
  const watches = all.filter(({ verdict }) => verdict.state === state);
  const names = watches.map(({ name }) => name);
  const listed = names.length > MOST_NAMES ? `${names.length} of ${all.length}` : and(names);
  const isHealed = state === 'stalled' && watches.every(({ target }) => target !== undefined);
  const sentence = SENTENCES[state](listed, names.length === 1);
  return { tone: TONES[state], sentence: isHealed ? `${sentence}; healing begins` : sentence };
}

export function isOpen({ recovered, withdrawn }: Incident): boolean {
  return recovered === undefined && withdrawn === undefined;
}
