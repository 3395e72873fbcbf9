import { reason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import { type BrokerAddress, keepSession, type PublishOptions, type Session } from '../shared/mqtt.ts';
import { Notifier } from '../shared/notifier.ts';
import { every, type Time } from '../shared/time.ts';
import {
  BACKLOG_BATCH,
  decodeWatermark,
  LARGEST_PAYLOAD,
  LONGEST_PROBE,
  meterTopics,
  type ProbeAnswer,
  type Profile,
  type Reading,
} from '../shared/wire.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Outbox } from './outbox/outbox.ts';

/** Milliseconds. */
export interface Timing {
  /** How long the journal's watermark may take before a reading is sent again, at first and at most. */
  patience: number;
  mostPatience: number;
  /** How long a new session waits for the retained watermark before old readings are sent again. */
  watermarkGrace: number;
  diagnosticsPeriod: number;
}

const TIMING: Timing = {
  patience: 5000,
  mostPatience: 60_000,
  watermarkGrace: 300,
  diagnosticsPeriod: 10_000,
};
/** Bytes; what is left of the largest payload is for the packet around it. */
const LARGEST_BATCH = LARGEST_PAYLOAD - 1024;
/** s; a live reading expires after five of the time between two, within these bounds: one may have been a day away. */
const LEAST_EXPIRY = 10;
const MOST_EXPIRY = 3600;

interface Deps {
  outbox: Outbox;
  diagnostics: () => Diagnostics;
  /** The same object as long as it says the same. */
  profile: () => Profile;
  /** What a probe is answered. */
  answer: () => Omit<ProbeAnswer, 'probe'>;
  reopen: () => void;
  time: Time;
  log: Log;
}

export interface Publisher {
  /** Sends a new reading at once when there is a session; otherwise the outbox has it for later. */
  live(reading: Reading): void;
  /** Runs until the signal aborts, then says `offline`. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Publishes readings, live ones as they come and older ones as backlog, until the journal's watermark
 * says they are stored. No acknowledgement on the way counts: brokers acknowledge what they can lose.
 */
export function createPublisher(
  meter: string,
  address: BrokerAddress,
  deps: Deps,
  timing = TIMING,
): Publisher {
  const { outbox, time, log } = deps;
  const topics = meterTopics(meter);
  let session: Session | undefined;
  /** The first reading of each epoch that this session was given live; all before it are its backlog. */
  const liveFrom = new Map<string, number>();
  const watermarks = new Notifier();
  let lastWatermark = Number.NEGATIVE_INFINITY;
  let introduced: Profile | undefined;
  let newest: Reading | undefined;
  /** s between two readings, usually: one interval may cover more than that, or nothing. */
  let pace: number | undefined;

  const live = (reading: Reading) => {
    if (newest && reading.gap_seconds === undefined)
      pace = Math.max(0, Date.parse(reading.time) - Date.parse(newest.time)) / 1000;
    newest = reading;
    if (session === undefined || session.signal.aborted) return;
    if (!liveFrom.has(reading.epoch)) liveFrom.set(reading.epoch, reading.seq);
    const usual = Math.ceil(5 * (pace ?? reading.interval));
    const expirySeconds = Math.min(Math.max(LEAST_EXPIRY, usual), MOST_EXPIRY);
    // Whoever hears a reading of a new kind is to know of it before.
    if (deps.profile() !== introduced)
      introduce(session).catch((error) => log.debug(`publishing the profile: ${reason(error)}`));
    // A failure needs no handling: the reading stays in the outbox until it is stored.
    session
      .publish(topics.reading, JSON.stringify(reading), { retain: true, expirySeconds })
      .catch((error) => log.debug({ seq: reading.seq }, `publishing a reading: ${reason(error)}`));
  };

  const introduce = ({ publish }: Session) => {
    introduced = deps.profile();
    return publish(topics.profile, JSON.stringify(introduced), { retain: true });
  };

  const converse = async (opened: Session) => {
    const since = time.monotonic();
    await opened.subscribe([topics.stored, topics.probe, topics.command], 1, (topic, payload, packet) => {
      if (topic === topics.stored) return settle(payload);
      // A broker's memory asks nothing.
      if (packet.retain) return;
      if (topic === topics.command) return obey(String(payload));
      answer(opened, String(payload), packet.properties ?? {});
    });
    session = opened;
    liveFrom.clear();
    // Before anything else, so that whoever hears that it is there can know what it is.
    await introduce(opened);
    await opened.publish(topics.availability, 'online', { retain: true });
    log.info({ meter }, 'publishing');
    if (lastWatermark < since) await watermarks.wait(timing.watermarkGrace, time, opened.signal);
    await Promise.all([resend(opened), reportDiagnostics(opened)]);
  };

  const obey = (command: string) => {
    if (command === 'reopen') return deps.reopen();
    log.warn({ meter }, `obeying a command: must be reopen, got ${JSON.stringify(command.slice(0, 80))}`);
  };

  /** By the way MQTT 5 has for it, or where everybody may hear it. */
  const answer = (
    { publish }: Session,
    probe: string,
    asked: Pick<PublishOptions, 'responseTopic' | 'correlationData'>,
  ) => {
    const { responseTopic = topics.echo, correlationData } = asked;
    // Who names the question's own topic would have it answered for ever.
    if (responseTopic === topics.probe) return;
    const payload: ProbeAnswer = { probe: probe.slice(0, LONGEST_PROBE), ...deps.answer() };
    publish(responseTopic, JSON.stringify(payload), {
      qos: 0,
      ...(correlationData === undefined ? {} : { correlationData }),
    }).catch(() => {});
  };

  const settle = (payload: Uint8Array) => {
    lastWatermark = time.monotonic();
    try {
      if (outbox.settle(decodeWatermark(payload)) === 'renewed')
        log.warn(
          { meter },
          'the agent holds readings this outbox never made: it is an old copy, and takes a new epoch',
        );
    } catch (error) {
      log.warn({ meter }, `reading the watermark: ${reason(error)}`);
    }
    watermarks.notify();
  };

  /** Sends what is not stored in batches, always from the oldest on: that is what a batch promises. */
  const resend = async ({ signal, publish }: Session) => {
    let patience = timing.patience;
    let sentLive: Reading | undefined;
    while (!signal.aborted) {
      const [oldest] = outbox.oldest(1);
      if (oldest === undefined) {
        await outbox.changed.wait(timing.mostPatience, time, signal);
        continue;
      }
      // A reading that just went out live gets time to be stored before it is sent again.
      const wentLive = oldest.seq >= (liveFrom.get(oldest.epoch) ?? Number.POSITIVE_INFINITY);
      if (wentLive && !(sentLive?.seq === oldest.seq && sentLive.epoch === oldest.epoch)) {
        sentLive = oldest;
        await stored(oldest, timing.patience, signal);
        continue;
      }
      const batch = outbox.oldest(BACKLOG_BATCH);
      // The disk may fail at a later one.
      const { payload, last = oldest } = messageOf(batch.length > 0 ? batch : [oldest]);
      await publish(topics.backlog, payload);
      const inTime = await stored(last, patience, signal);
      patience = inTime ? timing.patience : Math.min(patience * 2, timing.mostPatience);
    }
  };

  /**
   * Whether the watermark reaches a reading in time. While the agent is away nothing stores and patience
   * is long; any watermark shows that it is back, and then `patience` is enough.
   */
  const stored = async (reading: Reading, patience: number, signal: AbortSignal): Promise<boolean> => {
    const start = time.monotonic();
    for (;;) {
      if (!outbox.holds(reading)) return true;
      const deadline =
        lastWatermark > start
          ? Math.min(lastWatermark + timing.patience, start + patience)
          : start + patience;
      const left = deadline - time.monotonic();
      if (left <= 0 || signal.aborted) return false;
      await watermarks.wait(left, time, signal);
    }
  };

  const reportDiagnostics = ({ signal, publish }: Session) =>
    every(timing.diagnosticsPeriod, time, signal, () =>
      publish(topics.diagnostics, JSON.stringify(deps.diagnostics()), { retain: true }),
    );

  return {
    live,
    run: (signal) =>
      keepSession(
        {
          address,
          clientId: `wattdog-meter-${meter}`,
          will: { topic: topics.availability, payload: 'offline' },
          farewell: ({ publish }) => publish(topics.availability, 'offline', { retain: true }),
        },
        { time, log },
        signal,
        converse,
      ),
  };
}

/** As many of them as one message may carry: those of a meter of twelve phases are long. */
function messageOf(readings: readonly Reading[]): { payload: string; last: Reading | undefined } {
  const texts: string[] = [];
  let bytes = 0;
  for (const reading of readings) {
    const text = JSON.stringify(reading);
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > LARGEST_BATCH) break;
    texts.push(text);
  }
  return { payload: `[${texts.join(',')}]`, last: readings[texts.length - 1] };
}
