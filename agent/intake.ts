import { DropError, reason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { Session } from '../shared/mqtt.ts';
import { decodeBacklog, decodeReading, meterName, meterTopics, type Reading } from '../shared/wire.ts';
import type { Arrival, Journal } from './journal.ts';

const ALL = meterTopics('+');

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
  /** Why the last commit failed; undefined while the journal takes what comes. */
  readonly trouble: string | undefined;
  /** Feeds the journal from one session, until it ends. */
  run(session: Session): Promise<void>;
}

/**
 * From MQTT to the journal, and back: the watermark. What arrives in one turn of the event loop is
 * committed together, with one fsync, and only then does the watermark move. Nothing is acknowledged by
 * other means, so nothing that is lost on the way here is lost.
 */
export function createIntake({ journal, log }: { journal: Journal; log: Log }): Intake {
  const counts: IntakeCounts = { received: 0, stored: 0, rejected: 0, failed: 0 };
  const latest = new Map<string, Reading>();
  const complained = new Set<string>();
  let trouble: string | undefined;

  const receive = (topic: string, payload: Uint8Array): Arrivals => {
    const meter = meterName.safeParse(topic.split('/')[1]).data;
    if (meter === undefined) throw new DropError(`reading topic ${JSON.stringify(topic)}: must name a meter`);
    if (topic !== meterTopics(meter).backlog) {
      const reading = decodeReading(payload);
      latest.set(meter, reading);
      return { arrivals: [{ meter, reading }], floors: [] };
    }
    const readings = decodeBacklog(payload);
    return { arrivals: readings.map((reading) => ({ meter, reading })), floors: [floorOf(meter, readings)] };
  };

  const reject = (topic: string, error: unknown) => {
    counts.rejected += 1;
    if (!complained.has(topic)) log.warn({ topic }, `refused a message: ${reason(error)}`);
    complained.add(topic);
  };

  const run = async (session: Session) => {
    let waiting: Arrivals = { arrivals: [], floors: [] };
    const commit = () => {
      const { arrivals, floors } = waiting;
      if (arrivals.length === 0) return;
      waiting = { arrivals: [], floors: [] };
      try {
        counts.stored += journal.append(arrivals, floors);
        trouble = undefined;
      } catch (error) {
        counts.failed += 1;
        trouble = `writing the journal: ${reason(error)}`;
        log.error(`${trouble}; ${arrivals.length} readings stay with their meters`);
        return;
      }
      announce(session, new Map(arrivals.map(({ meter, reading }) => [meter, reading.epoch])));
    };
    const onMessage = (topic: string, payload: Uint8Array) => {
      let received: Arrivals;
      try {
        received = receive(topic, payload);
      } catch (error) {
        reject(topic, error);
        return;
      }
      counts.received += received.arrivals.length;
      if (waiting.arrivals.length === 0) setImmediate(commit);
      waiting.arrivals.push(...received.arrivals);
      waiting.floors.push(...received.floors);
    };
    const announce = (session: Session, epochs: Map<string, string>) => {
      for (const [meter, epoch] of epochs) {
        const watermark = journal.watermark(meter, epoch);
        if (watermark === undefined) continue;
        // A lost watermark is no loss: the next one says more, and the meter asks by sending again.
        session
          .publish(meterTopics(meter).stored, JSON.stringify(watermark), { retain: true })
          .catch(() => {});
      }
    };

    await session.subscribe([ALL.reading, ALL.backlog], 1, onMessage);
    announce(session, new Map(journal.watermarks().map(({ meter, epoch }) => [meter, epoch])));
    await ended(session.signal);
    // The journal may be closed right after this.
    commit();
  };

  return {
    counts,
    latest,
    get trouble() {
      return trouble;
    },
    run,
  };
}

type Floor = { meter: string; epoch: string; seq: number };

interface Arrivals {
  arrivals: Arrival[];
  floors: Floor[];
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

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
