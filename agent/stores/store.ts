import { Client, errors } from 'undici';
import { RetryError } from '../../shared/errors.ts';
import type { StoreSettings } from '../../shared/settings/schema.ts';
import type { Arrival } from '../journal/journal.ts';
import { type Answer, classify, isDatabaseMissing, type Verdict } from './classify.ts';
import { Encoder, type Payload } from './encoder.ts';
import { type Endpoint, endpoint } from './endpoint.ts';
import { awaitReturn } from './lifeline.ts';

/** What became of a write that the store has judged. */
type Outcome = Exclude<Verdict, { kind: 'later' }>;

export interface Store {
  readonly name: string;
  /**
   * Rises on every sign that the store may have restarted: its connection broke or was refused, or it, or a
   * proxy before it, failed. What it acknowledged shortly before may then be gone.
   */
  readonly signs: number;
  /** Makes the body of a write; nothing is kept of the arrivals. */
  encode(slices: Iterable<readonly Arrival[]>): Promise<Payload>;
  /** @throws RetryError when the same write may succeed later. */
  write(payload: Payload, signal: AbortSignal): Promise<Outcome>;
  /**
   * Proves that the store still lives, and keeps its connection from being closed for idleness.
   * @throws RetryError when there is no answer; any answer will do.
   */
  ping(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds; longer than any server waits, so that only the other side ever closes an idle connection. */
const KEEP_ALIVE_MS = 600_000;

/**
 * A store that takes InfluxDB line protocol over HTTP, on one kept connection.
 * @param now wall clock in milliseconds.
 */
export function openStore(settings: StoreSettings, now: () => number = Date.now): Store {
  return new HttpStore(settings, now);
}

class HttpStore implements Store {
  readonly name: string;
  readonly #settings: StoreSettings;
  readonly #now: () => number;
  readonly #endpoint: Endpoint;
  readonly #client: Client;
  readonly #encoder: Encoder;
  #signs = 0;

  constructor(settings: StoreSettings, now: () => number) {
    this.name = settings.name ?? settings.kind;
    this.#settings = settings;
    this.#now = now;
    this.#endpoint = endpoint(settings);
    this.#encoder = new Encoder(settings.layout);
    this.#client = new Client(this.#endpoint.origin, {
      pipelining: 1,
      connect: { timeout: settings.timeout },
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // Each request has one deadline of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#client.on('disconnect', (_origin, _targets, error) => {
      // Closed by ourselves in good order: idle for too long, or the answer said `Connection: close`.
      if (!(error instanceof errors.InformationalError)) this.#sign();
    });
  }

  get signs(): number {
    return this.#signs;
  }

  encode(slices: Iterable<readonly Arrival[]>): Promise<Payload> {
    return this.#encoder.encode(slices);
  }

  async write({ readings, lines, gzipped }: Payload, signal: AbortSignal): Promise<Outcome> {
    const doing = `writing ${readings} readings`;
    if (lines === 0) return { kind: 'stored' };
    const { write, createDatabase } = this.#endpoint;
    let answer = await this.#request(doing, 'POST', write, signal, gzipped);
    if (createDatabase !== undefined && isDatabaseMissing(answer)) {
      const making = 'creating the missing database';
      const made = await this.#request(making, 'POST', createDatabase, signal);
      // Other than a write, a query is answered with words when all went well.
      const judged = classify(made.status === 200 ? { ...made, body: '' } : made, 0, this.#now());
      if (judged.kind !== 'stored') throw this.#later(making, judged.reason);
      answer = await this.#request(doing, 'POST', write, signal, gzipped);
    }
    const verdict = classify(answer, lines, this.#now());
    if (verdict.kind !== 'later') return verdict;
    // A proxy hides a restart behind a 5xx; one that says when to come back is merely busy.
    if (answer.status >= 500 && answer.retryAfter === undefined) this.#sign();
    throw this.#later(doing, verdict.reason, verdict.afterMs);
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.#request('asking for a sign of life', 'GET', '/health', signal);
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }

  #sign(): void {
    this.#signs += 1;
  }

  async #request(
    doing: string,
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    body?: Uint8Array,
  ): Promise<Answer> {
    const { timeout } = this.#settings;
    const deadline = AbortSignal.timeout(timeout);
    const answered = new AbortController();
    const lost = awaitReturn((brief) => this.#knock(brief), answered.signal);
    try {
      const response = await this.#client.request({
        method,
        path,
        signal: AbortSignal.any([signal, deadline, lost]),
        headers: {
          ...this.#endpoint.headers,
          ...(body ? { 'content-type': 'text/plain; charset=utf-8', 'content-encoding': 'gzip' } : {}),
        },
        ...(body ? { body } : {}),
      });
      const retryAfter = response.headers['retry-after'];
      return {
        status: response.statusCode,
        retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
        body: await response.body.text(),
      };
    } catch (error) {
      signal.throwIfAborted();
      this.#sign();
      if (lost.aborted) throw this.#later(doing, 'the store answers again, but not to this');
      if (deadline.aborted) throw this.#later(doing, `no full answer within ${timeout} ms`);
      throw new RetryError(this.#about(doing), { cause: error });
    } finally {
      answered.abort();
    }
  }

  /** Asks for any answer, on a connection of its own. */
  async #knock(signal: AbortSignal): Promise<void> {
    const { origin, headers } = this.#endpoint;
    const client = new Client(origin);
    try {
      const { body } = await client.request({ method: 'GET', path: '/health', headers, signal });
      await body.dump();
    } finally {
      await client.destroy();
    }
  }

  #about(doing: string): string {
    return `${doing} at ${this.#endpoint.origin}`;
  }

  #later(doing: string, reason: string, afterMs?: number): RetryError {
    return new RetryError(`${this.#about(doing)}: ${reason}`, { afterMs });
  }
}
