import type { Notes } from './account.ts';
import type { Decoded, RejectReason } from './decoders/decoder.ts';
import type { Outbox } from './outbox.ts';

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
  rejects: Partial<Record<RejectReason | 'stale' | 'implausible', number>>;
  gaps: number;
  /** Seconds that nobody metered. */
  gap_seconds: number;
  clock_steps: number;
  /** Readings that could not be kept on disk; the next one covers their interval. */
  outbox_errors: number;
  outbox_pending: number;
  outbox_dropped: number;
}

/** Counts what the meter sees; nothing is refused or repaired without being counted here. */
export class Diary {
  readonly #counts: Omit<Diagnostics, 'outbox_pending' | 'outbox_dropped'>;
  #keeping = true;

  constructor(port: string, decoder: string) {
    this.#counts = {
      port,
      port_state: 'opening',
      port_opens: 0,
      decoder,
      bytes: 0,
      samples: 0,
      readings: 0,
      rejects: {},
      gaps: 0,
      gap_seconds: 0,
      clock_steps: 0,
      outbox_errors: 0,
    };
  }

  opened(): void {
    this.#counts.port_state = 'open';
    this.#counts.port_opens += 1;
    delete this.#counts.port_error;
  }

  closed(why: string): void {
    this.#counts.port_state = 'opening';
    this.#counts.port_error = why;
  }

  decoded(bytes: number, { samples, rejects }: Decoded): void {
    this.#counts.bytes += bytes;
    this.#counts.samples += samples.length;
    for (const reject of rejects) this.#reject(reject);
  }

  accounted(notes: Notes): void {
    if (notes.gapSeconds !== undefined) {
      this.#counts.gaps += 1;
      this.#counts.gap_seconds += Math.round(notes.gapSeconds);
    }
    if (notes.clockStepMs !== undefined) this.#counts.clock_steps += 1;
    if (notes.stale) this.#reject('stale');
    if (notes.implausible) this.#reject('implausible');
  }

  read(): void {
    this.#counts.readings += 1;
    this.#keeping = true;
  }

  /** True for the first of a row, which is the one worth a log line. */
  notKept(): boolean {
    this.#counts.outbox_errors += 1;
    const first = this.#keeping;
    this.#keeping = false;
    return first;
  }

  snapshot(outbox: Outbox): Diagnostics {
    return {
      ...this.#counts,
      rejects: { ...this.#counts.rejects },
      outbox_pending: outbox.pending,
      outbox_dropped: outbox.dropped,
    };
  }

  #reject(reason: keyof Diagnostics['rejects']): void {
    this.#counts.rejects[reason] = (this.#counts.rejects[reason] ?? 0) + 1;
  }
}
