import type { Cadence, Limits } from './cadence.ts';

/**
 * `learning`: too little seen to judge by; `healthy`; `suspect`: late; `stalled`: silent for longer than
 * it ever is; `blind`: we ourselves cannot see, so nothing is concluded; `recovering`: restarted, and
 * being watched for fresh messages.
 */
export type State = 'learning' | 'healthy' | 'suspect' | 'stalled' | 'blind' | 'recovering';

/** What the watch concluded, and from what; times in ms. */
export interface Verdict {
  state: State;
  /** In words for a person. */
  sentence: string;
  evidence: {
    /** Since the last sign of life. */
    silence?: number;
    /** What is usual and what convicts here. */
    limits?: Limits;
    /** Fresh messages since the restart. */
    fresh?: number;
    /** Why we cannot see. */
    blindness?: string;
  };
}

/** Messages after a restart that prove it worked. */
const PROOF = 3;
/** ms that a target gets to its first message, at least, after its restart or ours. */
const FIRST_MESSAGE_GRACE = 30_000;

/**
 * Judges one topic's silence. Pure: it is told of every sign of life, every restart and every trouble of
 * the watcher's own, with the time (ms of a monotonic clock) at which it happened.
 */
export class Watch {
  readonly cadence: Cadence;
  readonly #stallAfter: number | undefined;
  #lastLife: number | undefined;
  #blindness: string | undefined = 'not connected to the broker yet';
  /** Until then silence convicts nobody: we have just regained our sight. */
  #heldUntil = 0;
  /** A gap that spans blindness, a restart or a stall says nothing about the cadence. */
  #gapIsBenign = false;
  /** The last gap was long enough to convict, and yet a message came by itself. */
  #gapWasLong = false;
  #restarted: { at: number; fresh: number } | undefined;

  /** @param stallAfter ms of silence that convict; undefined to learn them. */
  constructor(cadence: Cadence, stallAfter?: number) {
    this.cadence = cadence;
    this.#stallAfter = stallAfter;
  }

  /** A message that is a sign of life. */
  lives(at: number): void {
    if (this.#lastLife !== undefined && this.#gapIsBenign) this.#learn(at - this.#lastLife, at);
    this.#lastLife = at;
    this.#gapIsBenign = this.#blindness === undefined;
    if (this.#restarted) {
      this.#restarted.fresh += 1;
      if (this.#restarted.fresh >= PROOF) this.#restarted = undefined;
    }
  }

  /** The target was restarted; from now on fresh messages must prove it. */
  restarted(at: number): void {
    this.#restarted = { at, fresh: 0 };
    this.#disregardGap();
  }

  /** We cannot see: whatever is silent now is not known to be silent. */
  blinded(why: string): void {
    this.#blindness = why;
    this.#disregardGap();
  }

  /** We see again. The publishers need time to come back too, before silence means anything. */
  sighted(at: number): void {
    if (this.#blindness === undefined) return;
    this.#blindness = undefined;
    this.#hold(at);
  }

  /** We ourselves stood still for `ms`, until `at`: the silence of that time is ours. */
  stoodStill(ms: number, at: number): void {
    if (this.#lastLife !== undefined) this.#lastLife = Math.min(at, this.#lastLife + ms);
    this.#hold(at);
  }

  /** The conclusion at this moment. */
  judge(at: number): Verdict {
    if (this.#blindness !== undefined)
      return {
        state: 'blind',
        sentence: `cannot see: ${this.#blindness}`,
        evidence: { blindness: this.#blindness },
      };
    const limits = this.#limits();
    if (this.#lastLife === undefined)
      return { state: 'learning', sentence: 'no message since the watch began', evidence: {} };
    const silence = at - this.#lastLife;
    const stalled = limits !== undefined && silence >= limits.stalled && at >= this.#heldUntil;
    if (this.#restarted && (!stalled || at < this.#restarted.at + this.#grace())) {
      const { fresh } = this.#restarted;
      return {
        state: 'recovering',
        sentence: `restarted; ${fresh} of ${PROOF} fresh messages`,
        evidence: { silence, fresh },
      };
    }
    if (limits === undefined)
      return {
        state: 'learning',
        sentence: `learning its cadence; last message ${seconds(silence)} ago`,
        evidence: { silence },
      };
    const usual = `silent for ${seconds(silence)}, usually ${seconds(limits.median)}`;
    const evidence = { silence, limits };
    if (stalled)
      return { state: 'stalled', sentence: `${usual}, never over ${seconds(limits.stalled)}`, evidence };
    if (silence >= limits.suspect) return { state: 'suspect', sentence: usual, evidence };
    return { state: 'healthy', sentence: `a message every ${seconds(limits.median)}`, evidence };
  }

  #limits(): Limits | undefined {
    const learned = this.cadence.limits();
    if (this.#stallAfter === undefined) return learned;
    const median = Math.min(learned?.median ?? this.#stallAfter / 8, this.#stallAfter);
    return { median, suspect: this.#stallAfter / 2, stalled: this.#stallAfter };
  }

  /** One gap that could convict is an outage; a second in a row is a new pace. */
  #learn(gap: number, at: number): void {
    const isLong = gap >= (this.#limits()?.stalled ?? Number.POSITIVE_INFINITY);
    if (!isLong || this.#gapWasLong) this.cadence.learn(gap, at);
    this.#gapWasLong = isLong;
  }

  #disregardGap(): void {
    this.#gapIsBenign = false;
    this.#gapWasLong = false;
  }

  #hold(at: number): void {
    this.#disregardGap();
    this.#heldUntil = at + this.#grace();
  }

  #grace(): number {
    return Math.max(FIRST_MESSAGE_GRACE, this.#limits()?.stalled ?? 0);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
