/** One thing a healer did, for the incident's record. */
export interface HealStep {
  /** Such as `kill`, `start`, `unpause`, `restart`, `spawn`. */
  action: string;
  /** Milliseconds from asking until it was seen done. */
  tookMs: number;
}

export interface HealReport {
  /** `running`: the target runs again; `respected`: it was stopped on purpose and was left alone. */
  result: 'running' | 'respected';
  /** What was found before anything was done, in one sentence. */
  found: string;
  steps: HealStep[];
}

/** What convicted the target, as far as it matters to its healing. */
export interface How {
  frozen: boolean;
  ended?: boolean;
}

/**
 * Brings back one target. Whether it is really healthy again only fresh readings can tell, and that is
 * the caller's to judge.
 */
export interface Healer {
  /** What it acts on, such as `container wattdog-meter-1`. */
  readonly target: string;
  /** Whether others depend on the same target. */
  isShared?(): boolean;
  /**
   * @param how `frozen`: its process is known not to answer, so no time is given to a stop signal; `ended`:
   * it is known to have ended, so if it runs now, somebody has started it already and nothing is left to do.
   * @returns no steps where it was somebody else who brought it back.
   * @throws RetryError when it may work later (engine away, device missing);
   *         GiveUpError when only a person can help (no such container, a process in D state).
   */
  heal(how: How, signal: AbortSignal): Promise<HealReport>;
  /** @returns in words, which process of the target is stopped; undefined when none is, or nobody can tell. */
  examine(signal: AbortSignal): Promise<string | undefined>;
  /**
   * Stops the target as a freeze would, without ending it: for a fire drill.
   * @returns what was done, in words. @throws as `heal`.
   */
  freeze(signal: AbortSignal): Promise<string>;
}
