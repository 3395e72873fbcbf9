import { DropError, reason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { Session } from '../shared/mqtt.ts';
import { aborted, systemTime, type Time } from '../shared/time.ts';
import { decodeBacklog, decodeReading, meterName, meterTopics, type Reading } from '../shared/wire.ts';
import type { Arrival, Floor, Journal } from './journal/journal.ts';

const ALL = meterTopics('+');
/** Readings that wait for a commit at most, and topics whose names are remembered. */
const MOST_WAITING = 5000;
const MOST_TOPICS = 1000;
/** ms between two commits, at least. */
const REST = 5;

export interface IntakeCounts {
  /** Readings that came in, again or for the first time. */
  received: number;
  /** Readings the journal did not have yet. */
  stored: number;
  /** Messages that were no readings. */
  rejected: number;
  /** Commits the disk refused; the meters send those readings again. */
  failed: number;
}

export interface Intake {
  readonly counts: IntakeCounts;
  /** The newest live reading of each meter. */
  readonly latest: ReadonlyMap<string, Reading>;
  /** Feeds the journal from one session, until it ends. */
  run(session: Session): Promise<void>;
  /** A meter that is there no more has no newest reading. */
  forget(meter: string): void;
}

/**
 * From MQTT to the journal, and back: the watermark. A lone reading is committed at once. Of a flood, what
 * comes while the event loop rests from one commit, as long as that took, goes into the next: one fsync for
 * all, and half of the time for everyone else, however slow the disk. Only then does the watermark move.
 *
 * Nothing is acknowledged by other means, so nothing that is lost on the way here is lost. Therefore the
 * broker is asked for QoS 0, which costs both of us half as much.
 */
export function createIntake({
  journal,
  log,
  time = systemTime,
  isFormer = () => false,
  heard = () => {},
}: {
  journal: Journal;
  log: Log;
  time?: Time;
  /** Whether a meter is gone for good, and its watermark nobody's concern. */
  isFormer?: (meter: string) => boolean;
  /** Is told of every live reading as it comes. */
  heard?: (meter: string, reading: Reading) => void;
}): Intake {
  const counts: IntakeCounts = { received: 0, stored: 0, rejected: 0, failed: 0 };
  const latest = new Map<string, Reading>();
  const complained = new Set<string>();
  const source = sourceReader();

  /** Undefined for what the session carries besides readings. */
  const receive = (topic: string, payload: Uint8Array): Arrivals | undefined => {
    const { meter, isLive } = source(topic) ?? {};
    if (meter === undefined) return undefined;
    if (isLive) {
      const reading = decodeReading(payload);
      latest.set(meter, reading);
      heard(meter, reading);
      return { arrivals: [{ meter, reading }], floors: [] };
    }
    const readings = decodeBacklog(payload);
    return { arrivals: readings.map((reading) => ({ meter, reading })), floors: [floorOf(meter, readings)] };
  };

  const reject = (topic: string, error: unknown) => {
    counts.rejected += 1;
    if (complained.has(topic) || complained.size >= MOST_TOPICS) return;
    log.warn({ topic }, `refused a message: ${reason(error)}`);
    complained.add(topic);
  };

  const run = async (session: Session) => {
    let waiting: Arrivals = { arrivals: [], floors: [] };
    let rested = Number.NEGATIVE_INFINITY;
    const commit = () => {
      const { arrivals, floors } = waiting;
      if (arrivals.length === 0) return;
      waiting = { arrivals: [], floors: [] };
      const began = time.monotonic();
      try {
        counts.stored += journal.append(arrivals, floors);
        announce(touched(arrivals));
      } catch {
        // The journal has said why, and its trouble shows; the meters send these readings again.
        counts.failed += 1;
      }
      const ended = time.monotonic();
      rested = ended + Math.max(REST, ended - began);
    };
    const schedule = () => {
      const due = rested - time.monotonic();
      if (due > 0) setTimeout(commit, due);
      else setImmediate(commit);
    };
    const onMessage = (topic: string, payload: Uint8Array) => {
      // A retained message is deleted by an empty one.
      if (payload.length === 0) return;
      let received: Arrivals | undefined;
      try {
        received = receive(topic, payload);
      } catch (error) {
        reject(topic, error);
        return;
      }
      if (received === undefined) return;
      counts.received += received.arrivals.length;
      if (waiting.arrivals.length === 0) schedule();
      waiting.arrivals.push(...received.arrivals);
      waiting.floors.push(...received.floors);
      // A flood may keep this turn of the event loop from ending.
      if (waiting.arrivals.length >= MOST_WAITING) commit();
    };
    const announce = (series: Iterable<{ meter: string; epoch: string }>) => {
      for (const { meter, epoch } of series) {
        const watermark = journal.watermark(meter, epoch);
        if (watermark === undefined) continue;
        // A lost watermark is no loss: the next one says more, and the meter asks by sending again.
        session
          .publish(meterTopics(meter).stored, JSON.stringify(watermark), { retain: true })
          .catch(() => {});
      }
    };

    await session.subscribe([ALL.reading, ALL.backlog], 0, onMessage);
    if (journal.trouble === undefined) announce(journal.watermarks().filter(({ meter }) => !isFormer(meter)));
    await aborted(session.signal);
    // The journal may be closed right after this.
    commit();
  };

  return {
    counts,
    latest,
    run,
    forget: (meter) => void latest.delete(meter),
  };
}

interface Arrivals {
  arrivals: Arrival[];
  floors: Floor[];
}

interface Source {
  meter: string;
  /** Whether readings come as they are made; else they are a backlog. */
  isLive: boolean;
}

/** What a topic says about its readings, if it has any; remembered, for the same few come thousands of times. */
function sourceReader(): (topic: string) => Source | undefined {
  const known = new Map<string, Source>();
  return (topic) => {
    const found = known.get(topic);
    if (found) return found;
    const [, name = '', kind] = topic.split('/');
    const { reading, backlog } = meterTopics(name);
    if (topic !== reading && topic !== backlog) return undefined;
    const meter = meterName.safeParse(name).data;
    if (meter === undefined) throw new DropError(`reading topic ${JSON.stringify(topic)}: must name a meter`);
    const source = { meter, isLive: kind === 'reading' };
    if (known.size < MOST_TOPICS) known.set(topic, source);
    return source;
  };
}

/** The series of which readings came, each once; of a meter's, the one that came last is the last. */
function touched(arrivals: readonly Arrival[]): { meter: string; epoch: string }[] {
  const series = new Map<string, { meter: string; epoch: string }>();
  for (const { meter, reading } of arrivals.toReversed()) {
    const key = `${meter} ${reading.epoch}`;
    if (!series.has(key)) series.set(key, { meter, epoch: reading.epoch });
  }
  return [...series.values()].reverse();
}

/**
 * A backlog message starts with the oldest reading its meter still holds: whatever is missing below its
 * last one will never come.
 */
function floorOf(meter: string, readings: Reading[]): Floor {
  const [first] = readings;
  const last = readings.at(-1);
  if (first === undefined || last === undefined)
    throw new DropError('decoding a backlog: must hold a reading, got none');
  const ordered = readings.every(
    ({ epoch, seq }, index) => epoch === first.epoch && (readings[index - 1]?.seq ?? 0) < seq,
  );
  if (!ordered)
    throw new DropError(
      `decoding a backlog: must be of one epoch with rising seq, got seq ${first.seq} to ${last.seq}`,
    );
  return { meter, epoch: last.epoch, seq: last.seq };
}
