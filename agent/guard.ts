import { RetryError, reason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import { every, type Time } from '../shared/time.ts';
import { agentTopics, type Reading } from '../shared/wire.ts';
import type { Bulletin } from './bulletin.ts';
import type { Healer } from './heal/healer.ts';
import { Ladder } from './heal/ladder.ts';
import { lossOf } from './loss.ts';
import type { AgentState, Incident, Try } from './state.ts';
import type { Verdict, Watch } from './watch/watch.ts';

const TICK = 250;
/** ms before an attempt that could not even begin (engine away, device missing) is made again. */
const RETRY = 5000;
const SAVE_CADENCE = 60_000;

export interface Guarded {
  name: string;
  watch: Watch;
  /** Undefined where nothing may be restarted: then a stall is only told. */
  healer: Healer | undefined;
  /** The newest reading behind the watch, to tell what an incident cost; undefined for other topics. */
  latest: () => Reading | undefined;
}

interface Deps {
  state: AgentState;
  bulletin: Bulletin;
  time: Time;
  log: Log;
}

/** Acts on one watch's verdicts until the signal aborts: tells, heals, verifies, and keeps the record. */
export async function guard(target: Guarded, deps: Deps, signal: AbortSignal): Promise<void> {
  const { name, watch, healer } = target;
  const { state, bulletin, time } = deps;
  const log = deps.log.child({ watch: name });
  const ladder = new Ladder();
  let told: Verdict['state'] | undefined;
  let incident: Incident | undefined;
  let before: Reading | undefined;
  let after: Reading | undefined;
  let notBefore = 0;
  let cadenceSaved = time.monotonic();

  const tell = (verdict: Verdict) => {
    if (verdict.state === told) return;
    const worse = verdict.state === 'stalled' || verdict.state === 'blind';
    log[worse ? 'warn' : 'info'](`${verdict.state}: ${verdict.sentence}`);
    told = verdict.state;
    bulletin.post(agentTopics.watch(name), verdict);
  };

  const convict = (verdict: Verdict): Incident => {
    const now = time.now();
    before = target.latest();
    after = undefined;
    const opened = state.openIncident({
      watch: name,
      began: now - (verdict.evidence.silence ?? 0),
      detected: now,
      verdict: verdict.sentence,
      tries: [],
    });
    bulletin.tell(agentTopics.event, { event: 'stalled', ...opened });
    return opened;
  };

  const attempt = async (healing: Healer, open: Incident) => {
    const at = time.now();
    log.warn({ target: healing.target }, 'healing');
    const done = await tryToHeal(healing, at, signal);
    if (signal.aborted) return;
    open.tries.push(done.attempt);
    state.saveIncident(open);
    bulletin.tell(agentTopics.event, { event: 'healed', ...open });
    const steps = done.attempt.steps
      .map(({ action, tookMs }) => `${action} ${Math.round(tookMs)} ms`)
      .join(', ');
    log[done.attempt.result === 'failed' ? 'error' : 'info'](
      { target: healing.target },
      `${done.attempt.result}: ${done.attempt.detail}${steps && ` (${steps})`}`,
    );
    const now = time.monotonic();
    if (done.again) {
      notBefore = now + RETRY;
      return;
    }
    ladder.tried(now);
    if (done.attempt.result === 'running') watch.restarted(now);
  };

  const recover = (open: Incident) => {
    const recovered = time.now();
    const closed: Incident = { ...open, recovered };
    if (before && after) closed.loss = lossOf(before, after, watch.cadence.limits()?.median ?? 0);
    state.saveIncident(closed);
    bulletin.tell(agentTopics.event, { event: 'recovered', ...closed });
    log.info(
      { lost: closed.loss },
      `recovered; there was no reading for ${closed.loss?.seconds ?? Math.round((recovered - open.began) / 1000)} s`,
    );
  };

  await every(TICK, time, signal, async () => {
    const now = time.monotonic();
    const verdict = watch.judge(now);
    tell(verdict);
    if (incident && target.latest() !== before) after ??= target.latest();
    if (verdict.state === 'stalled') {
      ladder.unhealthy();
      incident ??= convict(verdict);
      if (healer && now >= ladder.nextTry() && now >= notBefore) await attempt(healer, incident);
    }
    if (verdict.state === 'healthy') {
      ladder.healthy(now);
      if (incident) recover(incident);
      incident = undefined;
    }
    if (now - cadenceSaved > SAVE_CADENCE) {
      cadenceSaved = now;
      state.saveCadence(name, watch.cadence.window());
    }
  });
  state.saveCadence(name, watch.cadence.window());
}

async function tryToHeal(
  healer: Healer,
  at: number,
  signal: AbortSignal,
): Promise<{ attempt: Try; again: boolean }> {
  try {
    const { result, found, steps } = await healer.heal(signal);
    return { attempt: { at, target: healer.target, result, detail: found, steps }, again: false };
  } catch (error) {
    return {
      attempt: { at, target: healer.target, result: 'failed', detail: reason(error), steps: [] },
      again: error instanceof RetryError,
    };
  }
}
