/** The door on MQTT: `wattdog/agent/request/<verb>/<watch>`. */
import type { IPublishPacket } from 'mqtt';
import { DropError, reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Session } from '../../shared/mqtt.ts';
import { aborted, type Time } from '../../shared/time.ts';
import { agentTopics } from '../../shared/wire.ts';
import { holdTime } from '../guard/hold.ts';
import type { Demand, Operations } from './operations.ts';

export interface RequestCounts {
  /** Carried out, whatever became of it. */
  accepted: number;
  /** Of an unknown verb or watch, or with a payload that does not fit. */
  invalid: number;
  /** Retained messages: they would be repeated at every start. */
  retained: number;
  /** More than the agent carries out. */
  limited: number;
}

/** What is answered on the request's response topic, as JSON. Times are ms since 1970 UTC. */
type Answer = Demand | { heldUntil: number } | { released: true } | { error: string };

/** Requests at once, and ms until one more may follow. */
const BURST = 10;
const REFILL = 1000;
const BY = 'a request on MQTT';

export interface Requests {
  readonly counts: RequestCounts;
  /** Carries out what is asked in one session, until it ends. */
  run(session: Session): Promise<void>;
}

/**
 * `restart` (payload empty, or `force`), `hold` (payload such as `2h`) and `release` (payload empty).
 * Answered where the request names a response topic of MQTT 5 under `wattdog/agent/answer/`.
 */
export function createRequests({
  operations,
  time,
  log,
}: {
  operations: Operations;
  time: Time;
  log: Log;
}): Requests {
  const counts: RequestCounts = { accepted: 0, invalid: 0, retained: 0, limited: 0 };
  const mayPass = createLimit(time);

  const carryOut = (topic: string, payload: Uint8Array): Answer => {
    try {
      const answer = act(topic, new TextDecoder().decode(payload), operations);
      counts.accepted += 1;
      return answer;
    } catch (error) {
      if (!(error instanceof DropError)) throw error;
      counts.invalid += 1;
      log.warn(reason(error));
      return { error: reason(error) };
    }
  };

  const answerTo = (packet: IPublishPacket, answer: Answer, session: Session) => {
    const { responseTopic, correlationData } = packet.properties ?? {};
    if (responseTopic === undefined) return;
    // Whoever may ask must not make us publish where he may not.
    if (!responseTopic.startsWith(agentTopics.answers) || /[+#]/.test(responseTopic)) {
      log.warn(
        `answering a request: the response topic must begin with ${agentTopics.answers}, got ${JSON.stringify(responseTopic.slice(0, 80))}`,
      );
      return;
    }
    // Who asks in vain asks again.
    session
      .publish(responseTopic, JSON.stringify(answer), {
        qos: 0,
        ...(correlationData === undefined ? {} : { correlationData }),
      })
      .catch(() => {});
  };

  return {
    counts,
    async run(session) {
      const topics = [agentTopics.request('+', '+')];
      await session.subscribe(topics, 0, (topic, payload, packet) => {
        if (wordsOf(topic) === undefined) return;
        if (packet.retain) counts.retained += 1;
        else if (!mayPass()) counts.limited += 1;
        else answerTo(packet, carryOut(topic, payload), session);
      });
      await aborted(session.signal);
    },
  };
}

/** @throws DropError for what is no request. */
function act(topic: string, payload: string, operations: Operations): Answer {
  const { verb, name } = wordsOf(topic) ?? { verb: '', name: '' };
  const action = `carrying out a request on MQTT: ${verb.slice(0, 40)}`;
  const refuse = (rule: string, got: string) =>
    new DropError(`${action}: ${rule}, got ${JSON.stringify(got.slice(0, 80))}`);
  if (verb !== 'restart' && verb !== 'hold' && verb !== 'release')
    throw refuse('the verb must be restart, hold or release', verb);
  const watch = operations.find(name);
  if (watch === undefined) {
    const known = operations.watches().map((status) => status.name);
    throw refuse(`the watch must be one of ${known.join(', ') || '(there is none)'}`, name);
  }
  if (verb === 'hold') {
    const { data, error } = holdTime.safeParse(payload);
    if (data === undefined) throw refuse(`the payload ${error?.issues[0]?.message}`, payload);
    return { heldUntil: operations.hold(watch, data, BY) };
  }
  if (verb === 'restart') {
    if (payload !== '' && payload !== 'force') throw refuse('the payload must be empty or `force`', payload);
    return operations.restart(watch, { force: payload === 'force', by: BY });
  }
  if (payload !== '') throw refuse('the payload must be empty', payload);
  operations.release(watch, BY);
  return { released: true };
}

/** Verb and name of a request's topic; undefined for any other topic. */
function wordsOf(topic: string): { verb: string; name: string } | undefined {
  const [verb, name] = topic.split('/').slice(3);
  if (verb === undefined || name === undefined || topic !== agentTopics.request(verb, name)) return undefined;
  return { verb, name };
}

/** A token bucket: true while there is a token left. */
function createLimit(time: Time): () => boolean {
  let tokens = BURST;
  let filled = time.monotonic();
  return () => {
    const now = time.monotonic();
    tokens = Math.min(BURST, tokens + (now - filled) / REFILL);
    filled = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
