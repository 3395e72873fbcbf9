import type { WatchStatus } from '../doors/operations.ts';
import type { LiveEvent } from '../doors/queries.ts';
import type { AgentView, EnergyView, GapView, MeterView, PowerView, StoreView } from '../doors/views.ts';
import type { Incident } from '../guard/incident.ts';
import type { Api } from './api.ts';
import { rangeOf } from './model/ranges.ts';
import { chooseMeter, receive } from './model/state.ts';
import type { Store } from './store.ts';

const DAY = 86_400_000;
/** Days of gaps, and of bars. */
const DAYS = 30;
const MOST_GAPS = 30;
const MOST_INCIDENTS = 50;
/** Points of a chart: about one for each two pixels of a wide one. */
const POINTS = 600;

/** Brings what the API knows into the store. All throw ApiError. */
export class Loader {
  readonly #api: Api;
  readonly #store: Store;
  /** ms that the agent’s clock is ahead of ours. */
  #skew = 0;
  /** What is told while records are asked for, one list for each time: it is newer than the answer may be. */
  readonly #told = new Set<LiveEvent[]>();
  #powerAt = 0;
  #daysAt = 0;

  constructor(api: Api, store: Store) {
    this.#api = api;
    this.#store = store;
  }

  /** The agent’s clock, ms since 1970 UTC. */
  now(): number {
    return Date.now() + this.#skew;
  }

  async all(signal: AbortSignal): Promise<void> {
    const [{ meters }, { stores }] = await Promise.all([
      this.#api.get<{ meters: MeterView[] }>('meters', signal),
      this.#api.get<{ stores: StoreView[] }>('stores', signal),
      this.agent(signal),
      this.records(signal),
    ]);
    this.#store.set({ meters, stores, chosen: chooseMeter(meters, this.#store.state.chosen) });
    await this.charts(signal);
  }

  async agent(signal: AbortSignal): Promise<void> {
    const asked = Date.now();
    const agent = await this.#api.get<AgentView>('agent', signal);
    this.#skew = agent.now - (asked + Date.now()) / 2;
    this.#store.set({ agent, now: this.now() });
  }

  /** Watches, incidents and gaps. */
  async records(signal: AbortSignal): Promise<void> {
    const to = this.now() + DAY;
    const told: LiveEvent[] = [];
    this.#told.add(told);
    try {
      const [{ watches }, { incidents }, { gaps }] = await Promise.all([
        this.#api.get<{ watches: WatchStatus[] }>('watches', signal),
        this.#api.get<{ incidents: Incident[] }>(`incidents?limit=${MOST_INCIDENTS}`, signal),
        this.#api.get<{ gaps: GapView[] }>(
          `gaps?${query({ from: to - (DAYS + 1) * DAY, to, limit: MOST_GAPS })}`,
          signal,
        ),
      ]);
      const newest = told.reduce(receive, { ...this.#store.state, watches, incidents });
      this.#store.set({ watches: newest.watches, incidents: newest.incidents, gaps });
    } finally {
      this.#told.delete(told);
    }
  }

  async charts(signal: AbortSignal): Promise<void> {
    await Promise.all([this.power(signal), this.days(signal)]);
  }

  /** The chart of the meter and the range that are chosen. */
  async power(signal: AbortSignal): Promise<void> {
    const { chosen, range } = this.#store.state;
    if (chosen === undefined) return;
    this.#powerAt = Date.now();
    const to = this.now();
    const asked = query({ from: to - rangeOf(range).ms, to, points: POINTS });
    const power = await this.#api.get<PowerView>(
      `meters/${encodeURIComponent(chosen)}/power?${asked}`,
      signal,
    );
    // Somebody may have chosen otherwise meanwhile.
    const { state } = this.#store;
    if (state.chosen === chosen && state.range === range) this.#store.set({ power });
  }

  async days(signal: AbortSignal): Promise<void> {
    const { chosen } = this.#store.state;
    if (chosen === undefined) return;
    this.#daysAt = Date.now();
    const to = this.now();
    const asked = query({ unit: 'day', from: to - (DAYS - 1) * DAY, to });
    const days = await this.#api.get<EnergyView>(
      `meters/${encodeURIComponent(chosen)}/energy?${asked}`,
      signal,
    );
    if (this.#store.state.chosen === chosen) this.#store.set({ days });
  }

  /** What grows old is asked for anew. */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.agent(signal);
    if (Date.now() - this.#powerAt > rangeOf(this.#store.state.range).refresh) await this.power(signal);
    if (Date.now() - this.#daysAt > 5 * 60_000) await Promise.all([this.days(signal), this.records(signal)]);
  }

  /** Something has happened in the house. */
  async take(event: LiveEvent, signal: AbortSignal): Promise<void> {
    const { chosen } = this.#store.state;
    if (event.event !== 'reading') for (const told of this.#told) told.push(event);
    this.#store.set({ ...receive(this.#store.state, event), now: this.now() });
    if (this.#store.state.chosen !== chosen) await this.charts(signal);
    const endsGap = event.event === 'reading' && event.data.reading.gap_seconds !== undefined;
    if (endsGap) await Promise.all([this.records(signal), this.power(signal)]);
  }
}

/** Whole numbers, as the API wants its times. */
function query(values: Record<string, string | number>): string {
  const entries = Object.entries(values).map(([name, value]): [string, string] => [
    name,
    typeof value === 'number' ? String(Math.round(value)) : value,
  ]);
  return new URLSearchParams(entries).toString();
}
