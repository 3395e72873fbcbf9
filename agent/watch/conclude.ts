import type { Cause, Evidence, Verdict } from './verdict.ts';

/** Messages after it was healed that prove that it was. */
export const PROOF = 3;
/** ms; the engine itself pauses a container for a moment, to commit it. */
const PAUSED_FOR = 1000;
/** ms; what is being removed by hand ends first. */
const ENDED_FOR = 500;
/** ms a client may take to come back after its session was lost: it tries again with a back-off. */
const DEPARTED_FOR = 10_000;
/** ms without an answer that are worth a look. */
const UNANSWERED = 500;
/** ms; an older answer says nothing of the present. */
const ANSWER_IS_FRESH = 3000;
/** ms after which somebody who was never seen is told of. */
const NEVER_SEEN = 120_000;
/** Of the silence: when the line has been quiet for as much of it, the line explains it. */
const EXPLAINS = 0.5;

/** What the evidence alone does not say. */
export interface Circumstances {
  /** Otherwise the container alone is looked at. */
  hasTopics: boolean;
  /** Something is being done about it at this moment. */
  isHealing: boolean;
  /** It was healed, and is still to prove it. */
  isRecovering: boolean;
  /** We have seen for long enough, and it had time enough to start. */
  mayConvictSilence: boolean;
  /** ms that we have been able to see. */
  waited: number;
}

/** Weighs the evidence; pure. What needs no patience is looked at first, what is only silence last. */
export function conclude(evidence: Evidence, circumstances: Circumstances): Verdict {
  const { hold, blindness, limits, silence, fresh } = evidence;
  const verdict = (state: Verdict['state'], sentence: string, cause?: Cause): Verdict => ({
    state,
    ...(cause === undefined ? {} : { cause }),
    sentence,
    evidence,
  });
  if (hold !== undefined) return verdict('held', hold);
  if (circumstances.isHealing) return verdict('recovering', 'being healed');

  const container = accuseContainer(evidence);
  if (container) return verdict('stalled', ...container);
  if (blindness !== undefined) return verdict('blind', `cannot see: ${blindness}`);
  const process = accuseProcess(evidence, circumstances);
  if (process?.isCertain) return verdict('stalled', process.sentence, process.cause);
  const silent = accuseSilence(evidence, circumstances);
  if (silent?.isCertain) return verdict('stalled', silent.sentence, silent.cause);

  if (circumstances.isRecovering)
    return verdict(
      'recovering',
      circumstances.hasTopics ? `healed; ${fresh ?? 0} of ${PROOF} fresh messages` : 'healed; it runs',
    );
  if (process) return verdict('suspect', process.sentence, process.cause);
  if (silent) return verdict('suspect', silent.sentence, silent.cause);
  if (!circumstances.hasTopics)
    return evidence.container
      ? verdict('healthy', `its container is ${evidence.container.status}`)
      : verdict('learning', 'the engine has not shown its container yet');
  if (silence === undefined) return verdict('learning', 'no message since the watch began');
  if (limits === undefined)
    return verdict('learning', `its cadence is not known yet; last message ${seconds(silence)} ago`);
  return verdict('healthy', `a message every ${seconds(limits.median)}`);
}

/** What the engine shows needs no patience, and no sight of the broker. */
function accuseContainer({ container, ended }: Evidence): [sentence: string, cause: Cause] | undefined {
  if (container === undefined) return undefined;
  const { name, status, health, for: since = 0 } = container;
  if (status === 'paused' && since >= PAUSED_FOR)
    return [`${name} has been paused for ${seconds(since)}`, 'paused'];
  if (ended && ended.for >= ENDED_FOR) {
    const { exitCode = 'unknown', oomKilled } = ended;
    const how = oomKilled ? 'was killed for want of memory' : `ended with code ${exitCode}`;
    return [`${name} ${how}${status === 'running' ? ', and runs again' : ''}`, 'ended'];
  }
  if (health === 'unhealthy') return [`${name} is unhealthy, its own health check says`, 'unhealthy'];
  return undefined;
}

interface Accusation {
  isCertain: boolean;
  sentence: string;
  cause: Cause;
}

/** A process that could answer and does not, or whose session is gone. */
function accuseProcess(evidence: Evidence, { mayConvictSilence }: Circumstances): Accusation | undefined {
  const { probe, stopped, departed } = evidence;
  if (probe && probe.unanswered >= UNANSWERED)
    return {
      isCertain: stopped !== undefined || probe.unanswered >= probe.limit,
      sentence: `its process has not answered for ${seconds(probe.unanswered)}${stopped ? `: ${stopped}` : ''}`,
      cause: 'frozen',
    };
  if (departed !== undefined)
    return {
      isCertain: departed >= DEPARTED_FOR && mayConvictSilence,
      sentence: `its session with the broker was lost ${seconds(departed)} ago`,
      cause: 'departed',
    };
  return undefined;
}

function accuseSilence(evidence: Evidence, circumstances: Circumstances): Accusation | undefined {
  const { silence, limits } = evidence;
  if (!circumstances.hasTopics) return undefined;
  if (silence === undefined) {
    if (circumstances.waited < NEVER_SEEN) return undefined;
    const sentence = `no message ever, in ${seconds(circumstances.waited)}`;
    return { isCertain: circumstances.mayConvictSilence, sentence, cause: 'silence' };
  }
  if (limits === undefined || silence < limits.suspect) return undefined;
  const isCertain = silence >= limits.stalled && circumstances.mayConvictSilence;
  const usual = `silent for ${seconds(silence)}, usually ${seconds(limits.median)}`;
  const silent = isCertain ? `${usual}, never over ${seconds(limits.stalled)}` : usual;
  const { cause, because } = explain(evidence, silence);
  return { isCertain, sentence: because === undefined ? silent : `${silent}; ${because}`, cause };
}

/** Why somebody who lives is silent, as far as he says so himself. */
function explain({ progress, meter }: Evidence, silence: number): { cause: Cause; because?: string } {
  if (progress)
    return {
      cause: 'stuck',
      because: `messages come, but ${progress.field} stays at ${progress.value}`,
    };
  if (meter === undefined || meter.age > ANSWER_IS_FRESH) return { cause: 'silence' };
  const { port, trouble, quiet = 0, sample_age, rejects } = meter;
  const forMost = (sec: number) => sec * 1000 >= silence * EXPLAINS;
  const alive = 'its process answers';
  if (port === 'opening')
    return { cause: 'port', because: `${alive}, but cannot open its port${trouble ? `: ${trouble}` : ''}` };
  if (forMost(quiet)) return { cause: 'line', because: `${alive}, but its line is quiet` };
  if (sample_age === undefined || forMost(sample_age))
    return rejects > 0
      ? { cause: 'rejects', because: `${alive}, but refused ${rejects} frames on its line` }
      : // A port that opens again and again is never quiet for long.
        { cause: 'line', because: `${alive}, but nothing comes of its line` };
  return { cause: 'silence', because: alive };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
