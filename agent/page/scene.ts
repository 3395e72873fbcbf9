import type { Formats } from './model/format.ts';
import type { Measure, RangeId } from './model/ranges.ts';
import type { Dialog, State } from './model/state.ts';

/** What people can do here. */
export interface Actions {
  choose(meter: string): void;
  show(range: RangeId): void;
  measure(measure: Measure): void;
  toggleTable(): void;
  toggleIncidents(): void;
  toggleGaps(): void;
  hideFirstSteps(): void;
  open(dialog: Dialog): void;
  close(): void;
  restart(watch: string, force: boolean): void;
  /** @param ms how long. */
  hold(watch: string, ms: number): void;
  release(watch: string): void;
  drill(watch: string): void;
  login(token: string): void;
  copy(text: string): void;
}

/** What every view gets. */
export interface Scene {
  state: State;
  formats: Formats;
  actions: Actions;
  /** Puts the chart into an element, once it is there. */
  mountChart(element: HTMLElement): void;
}
