import type { State } from './model/state.ts';

/** The present state; whoever draws it is told at most once a frame that it has changed. */
export class Store {
  #state: State;
  #isDue = false;
  readonly #draw: (state: State) => void;

  constructor(state: State, draw: (state: State) => void) {
    this.#state = state;
    this.#draw = draw;
  }

  get state(): State {
    return this.#state;
  }

  set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw(this.#state);
    });
  }
}
