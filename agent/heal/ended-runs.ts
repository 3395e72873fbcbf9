/**
 * The runs of containers that our own healers end, so that nobody takes their end for an operator's stop.
 * A run is named by its container and by when it started; the last one of each container is remembered.
 */
export class EndedRuns {
  readonly #runs = new Map<string, string>();

  add(container: string, startedAt: string): void {
    this.#runs.set(container, startedAt);
  }

  has(container: string, startedAt: string | undefined): boolean {
    return startedAt !== undefined && this.#runs.get(container) === startedAt;
  }
}
