/** The door on MQTT: `wattdog/agent/request/<verb>/<name>`. */
import type { IPublishPacket } from 'mqtt';
import { DropError, RetryError, reason } from '../../shared/errors.ts';
import { shown } from '../../shared/issue.ts';
import type { Log } from '../../shared/log.ts';
import type { Session } from '../../shared/mqtt.ts';
import { aborted, type Time } from '../../shared/time.ts';
import { agentTopics, LARGEST_PAYLOAD } from '../../shared/wire.ts';
import { holdTime } from '../guard/hold.ts';
import type { Operations } from './operations.ts';
import type { Queries } from './queries.ts';
import { createReads } from './reads.ts';

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

/** Requests at once, and ms until one more may follow. */
const BURST = 10;
const REFILL = 1000;
const BY = 'a request on MQTT';
const VERBS = ['restart', 'hold', 'release', 'forget'];
/** Bytes of an answer; its topic needs some of the message too. */
const LARGEST_ANSWER = LARGEST_PAYLOAD - 2048;

export interface Requests {
  readonly counts: RequestCounts;
  /** Carries out what is asked in one session, until it ends. */
  run(session: Session): Promise<void>;
}

/**
 * Of a watch: `restart` (payload empty, or `force`), `hold` (payload such as `2h`) and `release`. Of a meter:
 * `forget`. And `get` of anything that the HTTP API tells, its query as JSON. Answered with JSON, as the API
 * does, where the request names a response topic of MQTT 5 under `wattdog/agent/answer/`; what is got
 * without one comes on `wattdog/agent/answer/<name>`.
 */
export function createRequests({
  operations,
  queries,
  time,
  log,
}: {
  operations: Operations;
  queries: Queries;
  time: Time;
  log: Log;
}): Requests {
  const counts: RequestCounts = { accepted: 0, invalid: 0, retained: 0, limited: 0 };
  const mayPass = createLimit(time);

  const reads = createReads({ queries, operations, now: time.now });
  const carryOut = async (request: Request): Promise<string> => {
    try {
      const isGet = request.verb === 'get';
      const answer = sized(JSON.stringify(isGet ? await get(request, reads) : act(request, operations)));
      counts.accepted += 1;
      return answer;
    } catch (error) {
      const isTheirs = error instanceof DropError;
      if (isTheirs) counts.invalid += 1;
      log[isTheirs ? 'warn' : 'error'](reason(error));
      const isTold = isTheirs || error instanceof RetryError;
      return JSON.stringify({ error: isTold ? reason(error) : 'the agent failed; its log says how' });
    }
  };

  const respond = async (request: Request, packet: IPublishPacket, session: Session) => {
    const answer = await carryOut(request);
    const { responseTopic, correlationData } = packet.properties ?? {};
    const topic = responseTopic ?? (request.verb === 'get' ? agentTopics.answers + request.name : undefined);
    if (topic === undefined) return;
    // Whoever may ask must not make us publish where he may not.
    if (!topic.startsWith(agentTopics.answers) || /[+#]/.test(topic)) {
      log.warn(
        `answering a request: the response topic must begin with ${agentTopics.answers}, got ${shown(topic)}`,
      );
      return;
    }
    // Who asks in vain asks again.
    await session
      .publish(topic, answer, { qos: 0, ...(correlationData === undefined ? {} : { correlationData }) })
      .catch(() => {});
  };

  return {
    counts,
    async run(session) {
      const topics = [agentTopics.request('+', '+')];
      await session.subscribe(topics, 0, (topic, payload, packet) => {
        const request = requestOf(topic, payload);
        if (request === undefined) return;
        if (packet.retain) counts.retained += 1;
        else if (!mayPass()) counts.limited += 1;
        else void respond(request, packet, session);
      });
      await aborted(session.signal);
    },
  };
}

interface Request {
  verb: string;
  /** Of the watch or the meter; for `get`, of what is asked for. */
  name: string;
  payload: string;
}

/** Undefined for any other topic. */
function requestOf(topic: string, payload: Uint8Array): Request | undefined {
  const [verb, name] = topic.split('/').slice(3);
  if (verb === undefined || name === undefined || topic !== agentTopics.request(verb, name)) return undefined;
  return { verb, name, payload: new TextDecoder().decode(payload) };
}

function refusal({ verb }: Request, rule: string, got: string): DropError {
  return new DropError(`carrying out a request on MQTT: ${verb.slice(0, 40)}: ${rule}, got ${shown(got)}`);
}

/** @throws DropError for what is no question, RetryError for what cannot be answered now. */
async function get(request: Request, reads: ReturnType<typeof createReads>): Promise<unknown> {
  const { name, payload } = request;
  const read = reads.get(name);
  if (read === undefined)
    throw refusal(request, `the name must be one of ${[...reads.keys()].join(', ')}`, name);
  let question: unknown = {};
  try {
    if (payload !== '') question = JSON.parse(payload);
  } catch {
    throw refusal(request, 'the payload must be empty or JSON', payload);
  }
  return read(question);
}

/** @throws DropError for what is no request. */
function act(request: Request, operations: Operations): unknown {
  const { verb, name, payload } = request;
  if (!VERBS.includes(verb)) throw refusal(request, `the verb must be ${VERBS.join(', ')} or get`, verb);
  if (verb === 'forget') {
    requireEmpty(request);
    return operations.forget(name, BY);
  }
  const watch = operations.find(name);
  if (watch === undefined) {
    const known = operations.watches().map((status) => status.name);
    throw refusal(request, `the watch must be one of ${known.join(', ') || '(there is none)'}`, name);
  }
  if (verb === 'hold') {
    const { data, error } = holdTime.safeParse(payload);
    if (data === undefined) throw refusal(request, `the payload ${error?.issues[0]?.message}`, payload);
    return { heldUntil: operations.hold(watch, data, BY) };
  }
  if (verb === 'restart') {
    if (payload !== '' && payload !== 'force')
      throw refusal(request, 'the payload must be empty or `force`', payload);
    return operations.restart(watch, { force: payload === 'force', by: BY });
  }
  requireEmpty(request);
  operations.release(watch, BY);
  return { released: true };
}

/** @throws DropError */
function requireEmpty(request: Request): void {
  if (request.payload !== '') throw refusal(request, 'the payload must be empty', request.payload);
}

/** @throws DropError for an answer that the broker may refuse. */
function sized(answer: string): string {
  const bytes = Buffer.byteLength(answer);
  if (bytes <= LARGEST_ANSWER) return answer;
  throw new DropError(
    `answering a request on MQTT: must be at most ${LARGEST_ANSWER} bytes, is ${bytes}: ask for a shorter range or fewer`,
  );
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
