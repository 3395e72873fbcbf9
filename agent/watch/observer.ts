/** ms; a canary that is away for longer means that we are blind. */
const CANARY_LATE = 1000;
/** ms between two looks beyond which it was we who stood still. */
const LOOK_LATE = 1000;
/** ms for which trouble of our own makes us patient with others. */
const MEMORY = 10_000;

/** How the watcher itself is, at one moment; durations in ms. */
export interface Self {
  /** Why it cannot see; undefined while it can. */
  blindness: string | undefined;
  /** How long this process stood still just now (stopped, starved, suspended); 0 if it did not. */
  stoodStill: number;
  /** How slow everything around us was lately: our own timers, canaries and the Docker engine. */
  strain: number;
}

/**
 * Watches the watcher. It sends itself canaries through the broker, sees its own timers come late, and
 * times the engine's answers: when these are in trouble, the silence of others may be ours. Pure; all
 * times are ms of a monotonic clock, so that a step of the wall clock means nothing here.
 */
export class Observer {
  #session: string | undefined = 'not connected to the broker yet';
  /** When each canary that is not back was sent, by its number. */
  readonly #away = new Map<number, number>();
  #lags: { ms: number; at: number }[] = [];
  #lastLook: number | undefined;

  /** A new session; what was sent in the one before will not come back. */
  connected(): void {
    this.#away.clear();
    this.#session = 'waiting for the broker to deliver our own message';
  }

  disconnected(): void {
    this.#away.clear();
    this.#session = 'no session with the broker';
  }

  sent(canary: number, at: number): void {
    this.#away.set(canary, at);
  }

  /** Canaries come in order: those before this one will not come any more. */
  returned(canary: number, at: number): void {
    const sent = this.#away.get(canary);
    if (sent === undefined) return;
    for (const earlier of [...this.#away.keys()]) if (earlier <= canary) this.#away.delete(earlier);
    this.#lag(at - sent, at);
    this.#session = undefined;
  }

  /** The Docker engine took `ms` to answer. */
  engineAnswered(ms: number, at: number): void {
    this.#lag(ms, at);
  }

  /** To be called many times a second: the time since the last call is what tells that we stood still. */
  look(at: number): Self {
    const late = at - (this.#lastLook ?? at);
    this.#lastLook = at;
    if (late > LOOK_LATE) {
      // What was on its way meanwhile is not late; we are.
      for (const canary of this.#away.keys()) this.#away.set(canary, at);
    } else this.#lag(late, at);
    return {
      blindness: this.#blindness(at),
      stoodStill: late > LOOK_LATE ? late : 0,
      strain: this.#strain(at),
    };
  }

  #blindness(at: number): string | undefined {
    if (this.#session !== undefined) return this.#session;
    return this.#longestAway(at) > CANARY_LATE ? 'the broker does not deliver our own messages' : undefined;
  }

  #longestAway(at: number): number {
    const [oldest = at] = this.#away.values();
    return at - oldest;
  }

  #strain(at: number): number {
    return Math.max(this.#longestAway(at), ...this.#lags.map(({ ms }) => ms));
  }

  /** Keeps only what may yet be the greatest: greater, or younger than all that is greater. */
  #lag(ms: number, at: number): void {
    this.#lags = this.#lags.filter((lag) => lag.ms > ms && at - lag.at < MEMORY);
    this.#lags.push({ ms, at });
  }
}
