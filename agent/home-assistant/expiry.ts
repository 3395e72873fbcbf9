/** Seconds; a few steps, so that what is announced does not follow every reading. */
const STEPS = [30, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400];
const MOST = 86_400;
/** Of a meter that has sent nothing yet: it is not for us to call a value old. */
const UNKNOWN = 3600;
/** How many intervals may pass without a reading. */
const INTERVALS = 10;
/** ms for which less must have been enough. */
const PATIENCE = 600_000;

/** After how many seconds the live values of each meter expire: longer at once, shorter with patience. */
export class Expiries {
  readonly #known = new Map<string, { seconds: number; neededAt: number }>();

  /** @param interval of its newest reading, s. `at`: now, by the monotonic clock. */
  of(meter: string, interval: number | undefined, at: number): number {
    const known = this.#known.get(meter);
    if (interval === undefined) return known?.seconds ?? UNKNOWN;
    const needed = STEPS.find((step) => step >= INTERVALS * interval) ?? MOST;
    if (known !== undefined && needed < known.seconds && at - known.neededAt < PATIENCE) return known.seconds;
    this.#known.set(meter, { seconds: needed, neededAt: at });
    return needed;
  }
}
