import { randomUUID } from 'node:crypto';
import type { Log } from '../../shared/log.ts';
import { type BrokerAddress, keepSession, type Session } from '../../shared/mqtt.ts';
import { every, type Time } from '../../shared/time.ts';
import { together } from '../../shared/together.ts';
import { agentTopics } from '../../shared/wire.ts';
import { SignsOfLife } from './life.ts';
import type { Watch } from './watch.ts';

/** ms between two canaries; one that is not back by the next means that we are blind. */
const CANARY_PERIOD = 1000;
/** ms between two looks at our own clock, and how late a look may be before we were the ones who slept. */
const PULSE = 250;
const PULSE_LATE = 1000;

export interface Sighted {
  topic: string;
  watch: Watch;
}

/**
 * The eyes of the watches: a clean session of their own at QoS 0, so that neither a broker's memory nor
 * a slow disk passes for life. It also watches itself: a canary that does not come back, a lost session
 * or a clock that shows we stood still make the watches blind, for then the silence may be ours.
 */
export async function keepSight(
  targets: Sighted[],
  address: BrokerAddress,
  deps: { time: Time; log: Log },
  signal: AbortSignal,
): Promise<void> {
  const { time } = deps;
  const blind = (why: string) => {
    for (const { watch } of targets) watch.blinded(why);
  };
  const look = async (session: Session) => {
    try {
      await observe(session, targets, time, blind);
    } finally {
      blind('no session with the broker');
    }
  };
  await together(
    signal,
    (stopped) => keepSession({ address, clientId: `wattdog-watch-${randomUUID()}` }, deps, stopped, look),
    (stopped) => feelPulse(targets, deps, stopped),
  );
}

async function observe(
  session: Session,
  targets: Sighted[],
  time: Time,
  blind: (why: string) => void,
): Promise<void> {
  const signs = targets.map(({ topic, watch }) => ({ topic, watch, life: new SignsOfLife() }));
  let canary = 0;
  let returned = 0;
  await session.subscribe(
    [agentTopics.canary, ...targets.map(({ topic }) => topic)],
    0,
    (topic, payload, packet) => {
      const at = time.monotonic();
      if (topic === agentTopics.canary) {
        returned = Number(new TextDecoder().decode(payload));
        if (returned === canary) for (const { watch } of targets) watch.sighted(at);
        return;
      }
      for (const sign of signs) {
        if (!topicMatches(sign.topic, topic)) continue;
        if (sign.life.isNew({ topic, payload, retain: packet.retain, dup: packet.dup })) sign.watch.lives(at);
      }
    },
  );
  await every(CANARY_PERIOD, time, session.signal, async () => {
    if (returned !== canary) blind('the broker does not deliver our own messages');
    canary += 1;
    await session.publish(agentTopics.canary, String(canary), { qos: 0 });
  });
}

/** A process that was stopped, starved or suspended sees everyone silent at once. */
async function feelPulse(
  targets: Sighted[],
  { time, log }: { time: Time; log: Log },
  signal: AbortSignal,
): Promise<void> {
  let last = time.monotonic();
  await every(PULSE, time, signal, () => {
    const now = time.monotonic();
    const late = now - last - PULSE;
    last = now;
    if (late < PULSE_LATE) return;
    log.warn({ ms: Math.round(late) }, 'this process stood still; nobody else is blamed for it');
    for (const { watch } of targets) watch.stoodStill(late, now);
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
