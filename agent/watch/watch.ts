import type { ProbeAnswer } from '../../shared/wire.ts';
import { Cadence } from './cadence.ts';
import { conclude, PROOF } from './conclude.ts';
import type { Self } from './observer.ts';
import { Probe } from './probe.ts';
import { firstMessageGrace, Silence } from './silence.ts';
import type { ContainerEvidence, Evidence, Verdict } from './verdict.ts';

/** A start may take this many times as long as the slowest that was seen, and ms at most. */
const SLOWER_START = 5;
const LONGEST_START = 300_000;

/** ms for which the engine's word of an end may come after we have healed it. */
const OUR_DOING = 1000;

export interface WatchOptions {
  /** What earlier lives of the agent have learned, from `cadence.window()`. */
  gaps?: number[];
  /** ms of silence that convict; undefined to learn them. */
  stallAfter?: number | undefined;
  /** Whether there are topics whose silence matters; otherwise the container alone is looked at. */
  hasTopics?: boolean;
}

/**
 * Gathers all that is known of one thing whose silence matters, and judges it. Pure: it is told of
 * everything with the time (ms of a monotonic clock) at which it happened.
 */
export class Watch {
  readonly probe = new Probe();
  readonly #silence: Silence;
  readonly #hasTopics: boolean;
  #begun: number | undefined;
  #isBlind = true;
  /** Until then silence convicts nobody: we have just regained our sight. */
  #heldUntil = Number.NEGATIVE_INFINITY;
  #departed: number | undefined;
  #stopped: string | undefined;
  #container: { evidence: ContainerEvidence; since: number } | undefined;
  /** When it ended by itself, whatever it has been since. */
  #ended: { evidence: ContainerEvidence; at: number } | undefined;
  #stuck: { field: string; value: string; since: number } | undefined;
  #healing = false;
  #healed: { at: number; fresh: number } | undefined;
  #slowestStart = 0;

  constructor({ gaps = [], stallAfter, hasTopics = true }: WatchOptions = {}) {
    this.#silence = new Silence(new Cadence(gaps), stallAfter);
    this.#hasTopics = hasTopics;
  }

  get cadence(): Cadence {
    return this.#silence.cadence;
  }

  /** ms between two messages, usually; undefined while that is being learned. */
  get usualGap(): number | undefined {
    return this.#silence.limits()?.median;
  }

  /** When the last sign of life came. */
  get lastLife(): number | undefined {
    return this.#silence.last;
  }

  /** A message that is a sign of life. */
  lives(at: number): void {
    this.#silence.lives(at, !this.#isBlind);
    this.probe.lives(at);
    this.#stuck = undefined;
    this.#stopped = undefined;
    if (this.#healed) this.#recovers(this.#healed, at);
  }

  /** A message that would be a sign of life, had its `field` moved. */
  stuck(field: string, value: string, at: number): void {
    this.#stuck ??= { field, value, since: this.#silence.last ?? at };
  }

  answered(answer: ProbeAnswer, at: number): void {
    if (!this.probe.answered(answer, at)) return;
    this.#departed = undefined;
    this.#stopped = undefined;
  }

  /** Somebody looked at its processes: which is stopped, if one is. */
  examined(stopped: string | undefined): void {
    this.#stopped = stopped;
  }

  /** The broker says that its session is gone: by an orderly end, or by its last will. */
  departed(at: number): void {
    this.#departed ??= at;
    this.probe.forget();
  }

  returned(): void {
    this.#departed = undefined;
    this.probe.forget();
  }

  /** What the engine shows of the container; undefined when there is none any more. */
  sees(container: ContainerEvidence | undefined, at: number): void {
    if (container?.status === 'running' && this.#container && hasEnded(this.#container.evidence))
      this.started(at);
    if (container === undefined) this.#ended = undefined;
    else if (hasEnded(container) && !this.#isOurDoing(at)) this.#ended ??= { evidence: container, at };
    const since = this.#container?.evidence.status === container?.status ? this.#container?.since : undefined;
    if (container?.status !== 'running') this.probe.forget();
    this.#container = container && { evidence: container, since: since ?? at };
  }

  /** Somebody else started it: it gets the time to its first message that a start of ours would give it. */
  started(at: number): void {
    if (this.#healing) return;
    this.#healed = { at, fresh: 0 };
    this.#departed = undefined;
    this.probe.forget();
    this.#silence.healed(at);
  }

  /** Something is being done about it: until that is over, it is judged by nobody. */
  healing(): void {
    this.#healing = true;
  }

  /** It was restarted or the like; from now on fresh messages must prove it. */
  healed(at: number): void {
    this.#healing = false;
    this.#ended = undefined;
    this.#stuck = undefined;
    this.#stopped = undefined;
    this.started(at);
  }

  /** Nothing was done after all. */
  unhealed(): void {
    this.#healing = false;
  }

  /** An incident of an earlier life of ours is still open: it lived once, and its silence counts from now. */
  resume(at: number): void {
    this.#silence.resume(at);
  }

  /**
   * The conclusion at this moment.
   * @param hold why it is to be left alone, if it is.
   */
  judge(at: number, self: Self, hold?: string): Verdict {
    this.#begun ??= at;
    this.#look(at, self);
    // Whoever stopped it knows that it ended.
    if (hold !== undefined) this.#ended = undefined;
    const isRecovering = this.#healed !== undefined;
    return conclude(this.#gather(at, self, hold), {
      hasTopics: this.#hasTopics,
      isHealing: this.#healing,
      isRecovering,
      mayConvictSilence: at >= this.#heldUntil && at >= this.#provenUntil(),
      waited: at - Math.max(this.#begun, this.#heldUntil),
    });
  }

  /** What has changed about ourselves since the last judgement. */
  #look(at: number, self: Self): void {
    if (self.stoodStill > 0) {
      this.#silence.excuse(self.stoodStill, at);
      this.probe.forget();
      if (this.#departed !== undefined) this.#departed = at;
      this.#heldUntil = at + this.#grace();
    }
    const { evidence: container, since } = this.#container ?? {};
    // What we ended ourselves is as it was before, when it stays so.
    if (container && since !== undefined && hasEnded(container) && !this.#isOurDoing(at))
      this.#ended ??= { evidence: container, at: since };
    const isBlind = self.blindness !== undefined;
    if (isBlind !== this.#isBlind) {
      this.#silence.disregardGap();
      this.probe.forget();
      // The publishers need time to come back too, before silence means anything.
      if (!isBlind) {
        this.#heldUntil = at + this.#grace();
        if (this.cadence.limits() !== undefined) this.#silence.resume(at);
      }
    }
    this.#isBlind = isBlind;
    if (!this.#hasTopics && this.#healed && this.#container?.evidence.status === 'running') {
      if (at - Math.max(this.#container.since, this.#healed.at) >= this.#steadyFor())
        this.#healed = undefined;
    }
  }

  #gather(at: number, self: Self, hold: string | undefined): Evidence {
    const evidence: Evidence = {};
    const silence = this.#silence.last === undefined ? undefined : at - this.#silence.last;
    const limits = this.#silence.limits();
    const probe = this.probe.patience(at, self.strain);
    const meter = this.probe.last(at);
    if (silence !== undefined) evidence.silence = silence;
    if (limits) evidence.limits = limits;
    if (probe) evidence.probe = probe;
    if (meter) evidence.meter = meter;
    if (this.#stopped !== undefined) evidence.stopped = this.#stopped;
    if (this.#departed !== undefined) evidence.departed = at - this.#departed;
    if (this.#container)
      evidence.container = { ...this.#container.evidence, for: at - this.#container.since };
    if (this.#ended) {
      const { exitCode, oomKilled } = this.#ended.evidence;
      evidence.ended = {
        for: at - this.#ended.at,
        ...(exitCode === undefined ? {} : { exitCode }),
        ...(oomKilled ? { oomKilled } : {}),
      };
    }
    if (this.#stuck) {
      const { field, value, since } = this.#stuck;
      evidence.progress = { field, value, unmoved: at - since };
    }
    if (this.#healed) evidence.fresh = this.#healed.fresh;
    if (self.blindness !== undefined) evidence.blindness = self.blindness;
    if (hold !== undefined) evidence.hold = hold;
    return evidence;
  }

  #recovers(healed: { at: number; fresh: number }, at: number): void {
    if (healed.fresh === 0) this.#slowestStart = Math.max(this.#slowestStart, at - healed.at);
    healed.fresh += 1;
    if (healed.fresh >= PROOF) this.#healed = undefined;
  }

  #isOurDoing(at: number): boolean {
    return this.#healing || (this.#healed !== undefined && at - this.#healed.at < OUR_DOING);
  }

  #grace(): number {
    return firstMessageGrace(this.#silence.limits());
  }

  /** Until when what was healed may take to prove it. */
  #provenUntil(): number {
    if (this.#healed === undefined) return Number.NEGATIVE_INFINITY;
    const { at, fresh } = this.#healed;
    const start = fresh === 0 ? Math.min(SLOWER_START * this.#slowestStart, LONGEST_START) : 0;
    return at + Math.max(this.#grace(), start);
  }

  /** Where no message can prove it, running on does; with a health check, its word is waited for besides. */
  #steadyFor(): number {
    const { health } = this.#container?.evidence ?? {};
    return health === 'starting' || health === 'unhealthy' ? Number.POSITIVE_INFINITY : 10_000;
  }
}

function hasEnded({ status }: ContainerEvidence): boolean {
  return ['exited', 'dead', 'restarting'].includes(status);
}
