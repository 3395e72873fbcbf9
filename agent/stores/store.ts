import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Client, errors } from 'undici';
import { RetryError } from '../../shared/errors.ts';
import type { StoreSettings } from '../../shared/settings/schema.ts';
import type { Arrival } from '../journal.ts';
import { type Answer, classify, isDatabaseMissing, type Verdict } from './classify.ts';
import { type Endpoint, endpoint } from './endpoint.ts';
import { lineProtocol } from './line-protocol.ts';

/** What became of a write that the store has judged. */
type Outcome = Exclude<Verdict, { kind: 'later' }>;

export interface Store {
  readonly name: string;
  /**
   * Rises on every sign that the store may have restarted: its connection broke or was refused, or it, or a
   * proxy before it, failed. What it acknowledged shortly before may then be gone.
   */
  readonly signs: number;
  /** @throws RetryError when the same write may succeed later. */
  write(arrivals: readonly Arrival[], signal: AbortSignal): Promise<Outcome>;
  /**
   * Proves that the store still lives, and keeps its connection from being closed for idleness.
   * @throws RetryError when there is no answer; any answer will do.
   */
  ping(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const compress = promisify(gzip);

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
  #signs = 0;

  constructor(settings: StoreSettings, now: () => number) {
    this.name = settings.name ?? settings.kind;
    this.#settings = settings;
    this.#now = now;
    this.#endpoint = endpoint(settings);
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

  async write(arrivals: readonly Arrival[], signal: AbortSignal): Promise<Outcome> {
    const doing = `writing ${arrivals.length} readings`;
    const lines = arrivals.flatMap((arrival) => lineProtocol(arrival, this.#settings.layout));
    if (lines.length === 0) return { kind: 'stored' };
    const body = await compress(`${lines.join('\n')}\n`);
    const { write, createDatabase } = this.#endpoint;
    let answer = await this.#request(doing, 'POST', write, signal, body);
    if (createDatabase !== undefined && isDatabaseMissing(answer)) {
      const making = 'creating the missing database';
      const made = classify(await this.#request(making, 'POST', createDatabase, signal), 0, this.#now());
      if (made.kind !== 'stored') throw this.#later(making, made.reason);
      answer = await this.#request(doing, 'POST', write, signal, body);
    }
    const verdict = classify(answer, lines.length, this.#now());
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
    try {
      const response = await this.#client.request({
        method,
        path,
        signal: AbortSignal.any([signal, deadline]),
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
      throw deadline.aborted
        ? this.#later(doing, `no full answer within ${timeout} ms`)
        : new RetryError(this.#about(doing), { cause: error });
    }
  }

  #about(doing: string): string {
    return `${doing} at ${this.#endpoint.origin}`;
  }

  #later(doing: string, reason: string, afterMs?: number): RetryError {
    return new RetryError(`${this.#about(doing)}: ${reason}`, { afterMs });
  }
}
