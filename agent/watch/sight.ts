import { randomUUID } from 'node:crypto';
import { reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { type BrokerAddress, keepSession, type Session } from '../../shared/mqtt.ts';
import type { Notifier } from '../../shared/notifier.ts';
import { every, type Time } from '../../shared/time.ts';
import { agentTopics, decodeProbeAnswer, meterTopics } from '../../shared/wire.ts';
import { type Message, SignsOfLife } from './life.ts';
import type { Observer } from './observer.ts';
import type { Watch } from './watch.ts';

/** ms between two canaries, and two questions to each meter. */
const PERIOD = 300;
/** ms after which topics that were refused are asked for again. */
const ASK_AGAIN = 30_000;

export interface Sighted {
  topics: readonly string[];
  /** A field that must move, for a message to be a sign of life. */
  progress?: string | undefined;
  /** Our own meter behind it, which can be asked. */
  meter?: string | undefined;
  watch: Watch;
}

interface Deps {
  observer: Observer;
  /** Who is watched at this moment. */
  targets: () => readonly Sighted[];
  /** Tells that it is others now. */
  changed: Notifier;
  time: Time;
  log: Log;
}

/**
 * The eyes of the watches: a clean session of their own at QoS 0, so that neither a broker's memory nor
 * a slow disk passes for life. It also sends the canaries by which the observer knows that it sees, and
 * asks our own meters whether they turn.
 */
export async function keepSight(address: BrokerAddress, deps: Deps, signal: AbortSignal): Promise<void> {
  const { observer } = deps;
  await keepSession({ address, clientId: `wattdog-watch-${randomUUID()}` }, deps, signal, async (session) => {
    observer.connected();
    try {
      await look(session, deps);
    } finally {
      observer.disconnected();
    }
  });
}

async function look(session: Session, deps: Deps): Promise<void> {
  const { observer, targets, time } = deps;
  const name = randomUUID().slice(0, 8);
  const lives = new WeakMap<Sighted, SignsOfLife>();
  const lifeOf = (target: Sighted) => {
    const life = lives.get(target) ?? new SignsOfLife(target.progress);
    lives.set(target, life);
    return life;
  };
  await session.subscribe([agentTopics.canary], 0, (topic, payload, { retain, dup }) => {
    const at = time.monotonic();
    if (topic === agentTopics.canary) {
      const [sender, number] = String(payload).split(':');
      if (sender === name) observer.returned(Number(number), at);
      return;
    }
    for (const target of targets()) see(target, lifeOf(target), { topic, payload, retain, dup }, at);
  });
  await Promise.all([follow(session, deps), ask(session, name, deps)]);
}

/** What one message tells of one target. */
function see({ topics, meter, watch }: Sighted, life: SignsOfLife, message: Message, at: number): void {
  const { topic, payload, retain } = message;
  if (meter !== undefined) {
    const own = meterTopics(meter);
    if (topic === own.echo) hear(watch, payload, at);
    if (topic === own.availability) {
      if (String(payload) === 'offline') watch.departed(at);
      else if (!retain) watch.returned();
    }
  }
  if (!topics.some((filter) => topicMatches(filter, topic))) return;
  const sign = life.judge(message);
  if (sign === 'life') watch.lives(at);
  else if (sign !== 'echo') watch.stuck(sign.field, sign.stuckAt, at);
}

function hear(watch: Watch, payload: Uint8Array, at: number): void {
  try {
    watch.answered(decodeProbeAnswer(payload), at);
  } catch {
    // What is no answer answers nothing.
  }
}

/** Keeps what is subscribed to what is watched. */
async function follow(session: Session, { targets, changed, time, log }: Deps): Promise<void> {
  const held = new Set<string>();
  while (!session.signal.aborted) {
    const wanted = new Set(targets().flatMap(filtersOf));
    const dropped = [...held].filter((filter) => !wanted.has(filter));
    if (dropped.length > 0) await session.unsubscribe(dropped);
    for (const filter of dropped) held.delete(filter);
    let refused = false;
    for (const filter of wanted) {
      if (held.has(filter)) continue;
      try {
        await session.subscribe([filter], 0);
        held.add(filter);
      } catch (error) {
        if (session.signal.aborted) return;
        // One filter that is refused must not blind all the others.
        refused = true;
        log.error(`watching: ${reason(error)}`);
      }
    }
    if (refused) await changed.wait(ASK_AGAIN, time, session.signal);
    else await changed.next(session.signal);
  }
}

function filtersOf({ topics, meter }: Sighted): string[] {
  if (meter === undefined) return [...topics];
  const { availability, echo } = meterTopics(meter);
  return [...topics, availability, echo];
}

/** The canary goes last: when it is back, the broker had time to deliver the questions. */
async function ask(session: Session, name: string, { observer, targets, time }: Deps): Promise<void> {
  let number = 0;
  await every(PERIOD, time, session.signal, async () => {
    number += 1;
    const token = `${name}:${number}`;
    for (const { meter, watch } of targets()) {
      if (meter === undefined) continue;
      const { probe, echo } = meterTopics(meter);
      watch.probe.asked(token, time.monotonic());
      await session.publish(probe, token, {
        qos: 0,
        responseTopic: echo,
        correlationData: new TextEncoder().encode(token),
      });
    }
    observer.sent(number, time.monotonic());
    await session.publish(agentTopics.canary, token, { qos: 0 });
  });
}

/** MQTT's wildcards: `+` is one level, `#` the rest; neither begins a match of the broker's own `$…`. */
export function topicMatches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && !filter.startsWith('$')) return false;
  const levels = topic.split('/');
  const wanted = filter.split('/');
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (level !== '+' && level !== levels[index]) return false;
    if (levels[index] === undefined) return false;
  }
  return wanted.length === levels.length;
}
