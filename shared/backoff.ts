/** How long to wait before try number `attempt` (0 is the first retry); milliseconds. */
export type Backoff = (attempt: number) => number;

/**
 * Exponential back-off with full jitter in its upper half, so that many clients that lost the same
 * server do not return in one wave, and none returns at once.
 * `random` gives a number in [0, 1).
 */
export function exponential(firstMs: number, mostMs: number, random: () => number = Math.random): Backoff {
  return (attempt) => {
    const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30));
    return ceiling / 2 + (random() * ceiling) / 2;
  };
}
