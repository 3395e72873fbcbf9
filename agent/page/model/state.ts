import type { WatchStatus } from '../../doors/operations.ts';
import type { LiveEvent } from '../../doors/queries.ts';
import type { AgentView, EnergyView, GapView, MeterView, PowerView, StoreView } from '../../doors/views.ts';
import type { Incident, Moment } from '../../guard/incident.ts';
import { appendReading } from './power.ts';
import type { Measure, RangeId } from './ranges.ts';

/** Whether what is shown is what is. Times are ms since 1970 UTC, by the agent’s clock. */
type Link =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'lost'; since: number }
  /** It wants a token. */
  | { state: 'locked'; isWrong: boolean }
  /** It will not talk to us, whatever token we have. */
  | { state: 'refused'; why: string };

export type Dialog =
  | { kind: 'restart'; watch: string }
  | { kind: 'hold'; watch: string }
  | { kind: 'drill'; watch: string; progress: DrillProgress | undefined };

export interface DrillProgress {
  moments: Moment[];
  isOver: boolean;
  /** Why it could not begin, or ended early. */
  error?: string;
}

/** All that the page shows, and nothing of how. */
export interface State {
  link: Link;
  /** The agent’s clock. */
  now: number;
  agent: AgentView | undefined;
  meters: MeterView[];
  watches: WatchStatus[];
  /** The newest first. */
  incidents: Incident[];
  gaps: GapView[];
  stores: StoreView[];
  /** The meter that is looked at, by name. */
  chosen: string | undefined;
  range: RangeId;
  measure: Measure;
  isTable: boolean;
  power: PowerView | undefined;
  days: EnergyView | undefined;
  showsAllIncidents: boolean;
  showsAllGaps: boolean;
  /** What came of what was asked, by watch. */
  answers: Record<string, string>;
  dialog: Dialog | undefined;
  hidesFirstSteps: boolean;
  /** What was copied a moment ago. */
  copied: string | undefined;
}

export function emptyState(now: number): State {
  return {
    link: { state: 'connecting' },
    now,
    agent: undefined,
    meters: [],
    watches: [],
    incidents: [],
    gaps: [],
    stores: [],
    chosen: undefined,
    range: '1h',
    measure: 'power',
    isTable: false,
    power: undefined,
    days: undefined,
    showsAllIncidents: false,
    showsAllGaps: false,
    answers: {},
    dialog: undefined,
    hidesFirstSteps: false,
    copied: undefined,
  };
}

/** Incidents that are kept. */
const MOST_INCIDENTS = 200;

/** The state after something has happened in the house. */
export function receive(state: State, happened: LiveEvent): State {
  switch (happened.event) {
    case 'reading': {
      const { meter, reading } = happened.data;
      const isNewer = (known: MeterView['reading']) =>
        known === null || Date.parse(reading.time) >= Date.parse(known.time);
      const meters = state.meters.map((view) =>
        view.name === meter && isNewer(view.reading) ? { ...view, reading: { ...reading } } : view,
      );
      const power =
        state.power?.meter === meter ? appendReading(state.power, { ...reading }, state.range) : state.power;
      return { ...state, meters, power };
    }
    case 'watch': {
      const { data } = happened;
      const others = state.watches.filter(({ name }) => name !== data.name);
      return { ...state, watches: [...others, data].sort((a, b) => (a.name < b.name ? -1 : 1)) };
    }
    case 'watches':
      return { ...state, watches: happened.data };
    case 'incident': {
      const { data } = happened;
      const others = state.incidents.filter(({ id }) => id !== data.id);
      const incidents = [...others, data].sort((a, b) => b.detected - a.detected || b.id - a.id);
      return { ...state, incidents: incidents.slice(0, MOST_INCIDENTS) };
    }
    case 'meters':
      return { ...state, meters: happened.data, chosen: chooseMeter(happened.data, state.chosen) };
    case 'stores':
      return { ...state, stores: happened.data };
  }
}

/** The one that was chosen, while it is there; else the first that lives, or the first of all. */
export function chooseMeter(meters: readonly MeterView[], chosen: string | undefined): string | undefined {
  if (meters.some(({ name }) => name === chosen)) return chosen;
  return (meters.find(({ online }) => online !== false) ?? meters[0])?.name;
}

export function meterOf({ meters, chosen }: State): MeterView | undefined {
  return meters.find(({ name }) => name === chosen);
}
