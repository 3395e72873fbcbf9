import { reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Time } from '../../shared/time.ts';
import { type Advice, Ladder } from '../heal/ladder.ts';
import type { Self } from '../watch/observer.ts';
import type { Cause, Verdict } from '../watch/verdict.ts';
import { attempt, beginTry } from './attempt.ts';
import type { Incident, Moment, Rung } from './incident.ts';
import type { IncidentEvent, Incidents } from './incidents.ts';
import { abilitiesOf, type Ward } from './ward.ts';

/** ms before an attempt that could not even begin (engine away, device missing) is made again. */
const RETRY = 5000;
/** ms between two looks at the processes of a suspect. */
const EXAMINE_AGAIN = 500;
/** What one meter may have while the others of its process are well. */
const OF_ONE_METER: readonly (Cause | undefined)[] = ['port', 'line', 'rejects', 'stuck'];
const EVENTS: Record<Rung, IncidentEvent> = {
  reopen: 'reopened',
  restart: 'restarted',
  'reset-usb': 'usb-reset',
};

interface Deps {
  incidents: Incidents;
  /** Is given the verdict whenever it changes. */
  post: (verdict: Verdict) => void;
  time: Time;
  log: Log;
}

/** Acts on one watch's verdicts: tells, heals, verifies, and keeps the record. */
export class Guard {
  readonly ward: Ward;
  readonly #deps: Deps;
  readonly #log: Log;
  readonly #ladder: Ladder;
  readonly #signal: AbortSignal;
  #verdict: Verdict = { state: 'learning', sentence: 'the watch has just begun', evidence: {} };
  #incident: Incident | undefined;
  /** The healing that goes on, if one does. */
  #healing: Promise<void> | undefined;
  /** When the target was last brought back, by the monotonic clock. */
  #healedAt: number | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Why it is left alone, as its healer found; until it lives again. */
  #respected: { why: string; at: number } | undefined;
  #demandedBy: string | undefined;
  /** What the log has of it since it was healthy. */
  readonly #logged = new Set<string>();
  #examining = false;
  #examinedAt = Number.NEGATIVE_INFINITY;
  #drill: ((moment: Moment) => void) | undefined;

  /** @param signal ends what healing goes on; wait for `idle` then. */
  constructor(ward: Ward, deps: Deps, signal: AbortSignal) {
    this.ward = ward;
    this.#deps = deps;
    this.#log = deps.log.child({ watch: ward.name });
    this.#signal = signal;
    const { incidents, time } = deps;
    const [at, now] = [time.monotonic(), time.now()];
    const { open, restarts } = incidents.legacy(ward.name, now);
    this.#ladder = new Ladder(
      abilitiesOf(ward),
      restarts.map((restart) => at - (now - restart)),
    );
    if (open === undefined) return;
    this.#incident = open;
    ward.watch.resume(at);
    // What was begun may have been done: it gets the time that it would have had.
    if (open.tries.some(({ result }) => result === 'begun' || result === 'running')) this.#healed(at);
    this.#log.info({ incident: open.id }, `an incident of an earlier run is still open: ${open.verdict}`);
  }

  get verdict(): Verdict {
    return this.#verdict;
  }

  /** @param hold why it is to be left alone, if it is. */
  judge(at: number, self: Self, hold?: string): Verdict {
    const { watch } = this.ward;
    if (this.#respected && (watch.lastLife ?? 0) > this.#respected.at) this.#respected = undefined;
    return watch.judge(at, self, hold ?? this.#respected?.why);
  }

  /** Does what the verdict asks for; never waits. */
  act(verdict: Verdict, at: number): void {
    this.#tell(verdict);
    this.#ladder.health(verdict.state === 'healthy', at);
    if (this.#healing) return;
    if (verdict.state === 'suspect' && verdict.cause === 'frozen') this.#examine(at);
    if (verdict.state === 'stalled' || this.#demandedBy !== undefined) this.#climb(verdict, at);
    else if (this.#incident) this.#verify(this.#incident, verdict, at);
  }

  /** Restarts it at once, whatever the ladder says, unless that is being done already. @param by who asks. */
  demand(by: string): void {
    if (this.#healing === undefined) this.#demandedBy = by;
  }

  /** The next incident is a drill's. @param listen is told of every moment. @returns how it ends. */
  beginDrill(listen: (moment: Moment) => void): () => void {
    this.#drill = listen;
    return () => {
      if (this.#drill === listen) this.#drill = undefined;
    };
  }

  /** It is watched no longer: nobody waits for its recovery. */
  withdraw(why: string): void {
    if (this.#incident === undefined) return;
    this.#change({ withdrawn: { at: this.#deps.time.now(), why } }, 'withdrawn');
    this.#incident = undefined;
  }

  /** Resolves when no healing goes on. */
  async idle(): Promise<void> {
    await this.#healing;
  }

  #tell(verdict: Verdict): void {
    const told = this.#verdict;
    this.#verdict = verdict;
    if (verdict.state === told.state && verdict.cause === told.cause) return;
    const isWorse = verdict.state === 'stalled' || verdict.state === 'blind';
    const what = `${verdict.state} ${verdict.cause}`;
    if (verdict.state === 'healthy' || verdict.state === 'learning') this.#logged.clear();
    // Before it has ever seen, to be blind is no news; nor is a port that is opened again and again for days.
    const isNews = !this.#logged.has(what) && (told.state !== 'learning' || verdict.state !== 'blind');
    this.#logged.add(what);
    this.#log[!isNews ? 'debug' : isWorse ? 'warn' : 'info'](`${verdict.state}: ${verdict.sentence}`);
    if (verdict.state === 'suspect') this.#moment('suspected', verdict.sentence);
    this.#deps.post(verdict);
  }

  #convict({ cause = 'silence', sentence, evidence }: Verdict): Incident {
    const { incidents, time } = this.#deps;
    const now = time.now();
    const incident: Omit<Incident, 'id'> = {
      watch: this.ward.name,
      began: now - (evidence.silence ?? evidence.probe?.unanswered ?? 0),
      detected: now,
      cause,
      verdict: this.#demandedBy ? `${this.#demandedBy} asked for a restart; ${sentence}` : sentence,
      evidence,
      tries: [],
      ...(this.#drill ? { drill: true } : {}),
    };
    const isOfOneMeter = OF_ONE_METER.includes(cause);
    const opened = incidents.open(incident, isOfOneMeter ? undefined : this.ward.healer?.target);
    this.#moment('convicted', opened.verdict);
    return opened;
  }

  /** A process that is stopped needs no patience. */
  #examine(at: number): void {
    const { healer, watch } = this.ward;
    if (healer === undefined || this.#examining || at - this.#examinedAt < EXAMINE_AGAIN) return;
    this.#examinedAt = at;
    this.#examining = true;
    healer
      .examine(this.#signal)
      .then((stopped) => watch.examined(stopped))
      .catch(() => {})
      .finally(() => {
        this.#examining = false;
      });
  }

  /** Takes the next rung of the ladder, when it is time. */
  #climb(verdict: Verdict, at: number): void {
    const isDemanded = this.#demandedBy !== undefined && this.ward.healer !== undefined;
    this.#incident ??= this.#convict(verdict);
    this.#demandedBy = undefined;
    if (!isDemanded && runsAgain(verdict)) {
      this.#healed(at);
      return;
    }
    const { rung, notBefore, help } = isDemanded
      ? { rung: 'restart' as const, notBefore: at, help: undefined }
      : this.#advise(this.#incident, verdict, at);
    if (help !== undefined) this.#callForHelp(help);
    if (rung === undefined || at < notBefore) return;
    if (!isDemanded && at < this.#notBefore) return;
    this.#healing = this.#heal(this.#incident, rung, verdict)
      // Only an end of ours interrupts it, and the next agent goes on from what is recorded.
      .catch((error) => this.#log.debug(`healing was interrupted: ${reason(error)}`))
      .finally(() => {
        this.#healing = undefined;
      });
  }

  #advise({ tries, cause }: Incident, verdict: Verdict, at: number): Advice {
    // Somebody who was never seen may not even exist: nothing is restarted for it.
    if (verdict.cause === 'silence' && verdict.evidence.silence === undefined)
      return { rung: undefined, notBefore: at, help: 'look at its topics: nobody has ever sent to them' };
    const tried = tries.filter(({ result }) => result !== 'failed').map(({ rung }) => rung);
    return this.#ladder.advise(verdict.cause ?? cause, tried, at);
  }

  async #heal({ tries }: Incident, rung: Rung, verdict: Verdict): Promise<void> {
    const { watch } = this.ward;
    const { time } = this.#deps;
    const begun = beginTry(this.ward, rung, time.now());
    // Kept before it is done: an agent that ends in the middle must not do it twice.
    this.#change({ tries: [...tries, begun] });
    this.#moment('healing', `${rung} ${begun.target}`);
    watch.healing();
    const { made, isObstructed, isHopeless } = await attempt(this.ward, begun, verdict, {
      time,
      signal: this.#signal,
    });
    const at = time.monotonic();
    if (made.result === 'running' && made.steps.length === 0) {
      // Somebody else was quicker.
      this.#log.info({ target: made.target }, made.detail);
      this.#healed(at);
      this.#change({ tries: [...tries] });
      return;
    }
    if (rung === 'restart' && !isObstructed && made.result !== 'respected') this.#ladder.restarted(at);
    if (made.result === 'running') this.#healed(at);
    else watch.unhealed();
    if (made.result === 'respected') this.#respected = { why: `left alone: ${made.detail}`, at };
    if (isObstructed) this.#notBefore = at + RETRY;
    const last = tries.at(-1);
    // The same obstacle is told once, not every five seconds.
    if (isObstructed && last?.result === 'failed' && last.detail === made.detail)
      return this.#change({ tries: [...tries] });

    const event = made.result === 'failed' || made.result === 'respected' ? made.result : EVENTS[rung];
    this.#change({ tries: [...tries, made] }, event);
    const steps = made.steps.map(({ action, tookMs }) => `${action} ${Math.round(tookMs)} ms`).join(', ');
    this.#log[event === 'failed' ? 'error' : 'info'](
      { target: made.target },
      `${event}: ${made.detail}${steps && ` (${steps})`}`,
    );
    this.#moment(event === 'failed' || event === 'respected' ? event : 'restarted', steps || made.detail);
    if (isHopeless) this.#callForHelp(made.detail);
  }

  #healed(at: number): void {
    this.#healedAt = at;
    this.ward.watch.healed(at);
  }

  /** Fresh messages prove that it is over. */
  #verify(incident: Incident, { state, evidence }: Verdict, at: number): void {
    const { watch, lossSince } = this.ward;
    const { time } = this.#deps;
    const life = watch.lastLife;
    if (incident.firstMessage === undefined && (life ?? 0) > (this.#healedAt ?? Number.POSITIVE_INFINITY)) {
      this.#change({ firstMessage: time.now() - (at - (life ?? at)) });
      this.#moment('first message', 'it sends again');
    }
    if (state !== 'healthy' && !(state === 'learning' && evidence.silence !== undefined)) return;
    const recovered = time.now();
    const loss = lossSince?.(incident.began);
    this.#change({ recovered, ...(loss ? { loss } : {}) }, 'recovered');
    this.#incident = undefined;
    this.#healedAt = undefined;
    const cost = loss
      ? `there was no reading for ${loss.seconds} s, ${loss.readings} are missing`
      : `it was silent for ${Math.round((recovered - incident.began) / 1000)} s`;
    this.#log.info({ lost: loss }, `recovered; ${cost}`);
    this.#moment('verified', cost);
  }

  #callForHelp(why: string): void {
    if (this.#incident?.help?.why === why) return;
    this.#change({ help: { at: this.#deps.time.now(), why } }, 'help');
    this.#log.error(`a person is needed: ${why}`);
    this.#moment('help needed', why);
  }

  #change(part: Partial<Incident>, event?: IncidentEvent): void {
    if (this.#incident === undefined) return;
    this.#incident = { ...this.#incident, ...part };
    this.#deps.incidents.save(this.#incident, event);
  }

  #moment(what: Moment['what'], detail: string): void {
    this.#drill?.({ at: this.#deps.time.now(), what, detail });
  }
}

/** It ended, and whoever keeps it running has started it again: fresh messages are to prove it. */
function runsAgain({ cause, evidence: { container } }: Verdict): boolean {
  return cause === 'ended' && container?.status === 'running';
}
