import { setImmediate as turn } from 'node:timers/promises';
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

  /** A disk that takes no record is no reason not to heal. */
  const record = (write: () => void) => {
    try {
      write();
    } catch (error) {
      log.error(`keeping the record: ${reason(error)}`);
    }
  };

  const tell = (verdict: Verdict) => {
    if (verdict.state === told) return;
    const worse = verdict.state === 'stalled' || verdict.state === 'blind';
    // Before it has ever seen, to be blind is no news.
    if (told !== undefined || verdict.state !== 'blind')
      log[worse ? 'warn' : 'info'](`${verdict.state}: ${verdict.sentence}`);
    told = verdict.state;
    bulletin.post(agentTopics.watch(name), verdict);
  };

  const convict = (verdict: Verdict): Incident => {
    const now = time.now();
    before = target.latest();
    after = undefined;
    let opened: Incident = {
      id: 0,
      watch: name,
      began: now - (verdict.evidence.silence ?? 0),
      detected: now,
      verdict: verdict.sentence,
      tries: [],
    };
    record(() => {
      opened = state.openIncident(opened);
    });
    bulletin.tell(agentTopics.event, { event: 'stalled', ...opened });
    return opened;
  };

  const attempt = async (healing: Healer, open: Incident) => {
    const at = time.now();
    log.debug({ target: healing.target }, 'healing');
    const done = await tryToHeal(healing, at, signal);
    if (signal.aborted) return;
    const now = time.monotonic();
    const last = open.tries.at(-1);
    if (done.again) {
      notBefore = now + RETRY;
      // The same obstacle is told once, not every five seconds.
      if (last?.result === 'failed' && last.detail === done.attempt.detail) return;
    } else ladder.tried(now);
    open.tries.push(done.attempt);
    record(() => state.saveIncident(open));
    const event = done.attempt.result === 'running' ? 'restarted' : done.attempt.result;
    bulletin.tell(agentTopics.event, { event, ...open });
    const steps = done.attempt.steps
      .map(({ action, tookMs }) => `${action} ${Math.round(tookMs)} ms`)
      .join(', ');
    log[done.attempt.result === 'failed' ? 'error' : 'info'](
      { target: healing.target },
      `${done.attempt.result}: ${done.attempt.detail}${steps && ` (${steps})`}`,
    );
    if (done.attempt.result === 'running') watch.restarted(now);
  };

  const recover = (open: Incident) => {
    const recovered = time.now();
    const closed: Incident = { ...open, recovered };
    if (before && after) closed.loss = lossOf(before, after, watch.cadence.limits()?.median);
    record(() => state.saveIncident(closed));
    bulletin.tell(agentTopics.event, { event: 'recovered', ...closed });
    log.info(
      { lost: closed.loss },
      `recovered; there was no reading for ${closed.loss?.seconds ?? Math.round((recovered - open.began) / 1000)} s`,
    );
  };

  await every(TICK, time, signal, async () => {
    // After a pause of our own, timers fire before we have read what came meanwhile, or noticed the pause.
    if (watch.judge(time.monotonic()).state === 'stalled') await turn();
    const now = time.monotonic();
    const verdict = watch.judge(now);
    tell(verdict);
    const newest = target.latest();
    if (incident && newest?.time !== before?.time) after ??= newest;
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
      record(() => state.saveCadence(name, watch.cadence.window()));
    }
  });
  record(() => state.saveCadence(name, watch.cadence.window()));
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
