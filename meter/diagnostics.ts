import type { ProbeAnswer } from '../shared/wire.ts';
import type { Notes } from './account.ts';
import type { Calibrated } from './calibration.ts';
import type { Decoded, RejectReason, Remark } from './decoders/decoder.ts';
import type { OutboxStatus } from './outbox/outbox.ts';
import type { SourceStatus } from './tariff/dynamic/prices.ts';

/** What happened between the port and the outbox since the process started; retained on MQTT. */
export interface Diagnostics {
  port: string;
  /** `opening` until it first opens and after each loss. */
  port_state: 'opening' | 'open';
  /** How often the port was opened. */
  port_opens: number;
  /** Why the port was last lost or could not be opened. */
  port_error?: string;
  decoder: string;
  bytes: number;
  samples: number;
  readings: number;
  rejects: Partial<Record<RejectReason | 'stale' | 'implausible' | 'refused', number>>;
  /** What was accepted although something about it is worth knowing. */
  remarks: Partial<Record<Remark, number>>;
  /** By channel, such as `current_1`: values brought back to a limit, and those for which a sample was refused. */
  clipped: Record<string, number>;
  refused: Record<string, number>;
  /** Silences beyond `meter.max_gap`, and their seconds. */
  gaps: number;
  gap_seconds: number;
  /** Seconds that nobody metered. */
  unmetered_seconds: number;
  clock_steps: number;
  /** What failed on the disk since the process started. */
  outbox_errors: number;
  /** Why it last failed; gone with the next write that succeeds. */
  outbox_error?: string;
  /** Where the last damaged outbox was moved to. */
  outbox_aside?: string;
  /** Readings the journal is not known to hold. */
  outbox_pending: number;
  /** Readings in memory only, because the disk refuses them. */
  outbox_unwritten: number;
  /** In use on disk. */
  outbox_bytes: number;
  /** Seconds since the oldest pending reading. */
  outbox_age: number;
  /** Readings given up since the process started, by the limit that they passed. */
  outbox_dropped: OutboxStatus['dropped'];
  /** By what they are for; absent where the tariff has no source of published prices. */
  prices?: Partial<Record<SourceStatus['side'], PriceDiagnostics>>;
}

/** How a source of published prices is. Times are ISO 8601 in UTC. */
interface PriceDiagnostics {
  /** When it was last read; absent if it was not since the process started. */
  read?: string;
  /** Until when prices are known; absent while the present one is not, and the fallback stands in for it. */
  known_until?: string;
  /** Reads that failed since the process started. */
  failures: number;
  /** What was wrong with the last read; absent while all is well. */
  error?: string;
}

/** ms; prices that hold until further notice are known until then. */
const END_OF_TIME = Date.UTC(9999, 11, 31);

/** Counts what the meter sees; nothing is refused or repaired without being counted here. */
export class Diary {
  readonly #counts: Omit<Diagnostics, `outbox_${string}`>;
  readonly #monotonic: () => number;
  #lastByte: number;
  #lastSample: number | undefined;
  #rejectsSince = 0;

  /** @param monotonic clock, in ms. */
  constructor(port: string, decoder: string, monotonic: () => number) {
    this.#monotonic = monotonic;
    this.#lastByte = monotonic();
    this.#counts = {
      port,
      port_state: 'opening',
      port_opens: 0,
      decoder,
      bytes: 0,
      samples: 0,
      readings: 0,
      rejects: {},
      remarks: {},
      clipped: {},
      refused: {},
      gaps: 0,
      gap_seconds: 0,
      unmetered_seconds: 0,
      clock_steps: 0,
    };
  }

  opened(): void {
    this.#counts.port_state = 'open';
    this.#counts.port_opens += 1;
    this.#lastByte = this.#monotonic();
    delete this.#counts.port_error;
  }

  closed(why: string): void {
    this.#counts.port_state = 'opening';
    this.#counts.port_error = why;
  }

  decoded(bytes: number, { samples, rejects, remarks = [] }: Decoded): void {
    this.#counts.bytes += bytes;
    this.#counts.samples += samples.length;
    this.#lastByte = this.#monotonic();
    this.#rejectsSince += rejects.length;
    for (const reject of rejects) count(this.#counts.rejects, reject);
    for (const remark of remarks) count(this.#counts.remarks, remark);
  }

  /** What is refused for what a sensor tells is as good as not decoded. */
  calibrated({ clipped, refused }: Pick<Calibrated, 'clipped' | 'refused'>): void {
    for (const channel of clipped) count(this.#counts.clipped, channel);
    for (const channel of refused) count(this.#counts.refused, channel);
    if (refused.length > 0) {
      count(this.#counts.rejects, 'refused');
      this.#rejectsSince += 1;
    } else {
      this.#lastSample = this.#monotonic();
      this.#rejectsSince = 0;
    }
  }

  accounted(notes: Notes): void {
    if (notes.gapSeconds !== undefined) {
      this.#counts.gaps += 1;
      this.#counts.gap_seconds += Math.round(notes.gapSeconds);
    }
    this.#counts.unmetered_seconds += Math.round(notes.unmeteredSeconds ?? 0);
    if (notes.clockStepMs !== undefined) this.#counts.clock_steps += 1;
    if (notes.stale) count(this.#counts.rejects, 'stale');
    if (notes.implausible) count(this.#counts.rejects, 'implausible');
  }

  read(): void {
    this.#counts.readings += 1;
  }

  /** What a probe is answered: how the line is at this moment. */
  answer(): Omit<ProbeAnswer, 'probe'> {
    const { port_state: port, port_error: trouble } = this.#counts;
    const now = this.#monotonic();
    const secondsSince = (at: number) => Math.round((now - at) / 100) / 10;
    return {
      port,
      ...(trouble === undefined ? {} : { trouble }),
      ...(port === 'open' ? { quiet: secondsSince(this.#lastByte) } : {}),
      ...(this.#lastSample === undefined ? {} : { sample_age: secondsSince(this.#lastSample) }),
      rejects: this.#rejectsSince,
    };
  }

  /**
   * @param now ms since 1970.
   * @param sources of published prices.
   */
  snapshot(outbox: OutboxStatus, now: number, sources: readonly SourceStatus[] = []): Diagnostics {
    const { errors, error, aside, pending, unwritten, bytes, oldest, dropped } = outbox;
    return {
      ...this.#counts,
      rejects: { ...this.#counts.rejects },
      remarks: { ...this.#counts.remarks },
      clipped: { ...this.#counts.clipped },
      refused: { ...this.#counts.refused },
      outbox_errors: errors,
      ...(error === undefined ? {} : { outbox_error: error }),
      ...(aside === undefined ? {} : { outbox_aside: aside }),
      outbox_pending: pending,
      outbox_unwritten: unwritten,
      outbox_bytes: bytes,
      outbox_age: oldest === undefined ? 0 : Math.max(0, Math.round((now - Date.parse(oldest)) / 1000)),
      outbox_dropped: dropped,
      ...(sources.length === 0 ? {} : { prices: pricesOf(sources, now) }),
    };
  }
}

function pricesOf(sources: readonly SourceStatus[], now: number): NonNullable<Diagnostics['prices']> {
  const iso = (time: number) => new Date(Math.min(time, END_OF_TIME)).toISOString();
  return Object.fromEntries(
    sources.map(({ side, readAt, knownUntil, failures, problem }): [string, PriceDiagnostics] => [
      side,
      {
        ...(readAt === undefined ? {} : { read: iso(readAt) }),
        ...(knownUntil > now ? { known_until: iso(knownUntil) } : {}),
        failures,
        ...(problem === undefined ? {} : { error: problem }),
      },
    ]),
  );
}

function count<K extends string>(counts: Partial<Record<K, number>>, key: K): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
