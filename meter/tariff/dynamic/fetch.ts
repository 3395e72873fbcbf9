import { Agent, request } from 'undici';
import { RetryError } from '../../../shared/errors.ts';
import { retryAfterMs } from '../../../shared/retry-after.ts';
import type { PriceSource } from '../../../shared/settings/dynamic.ts';
import { VERSION } from '../../../shared/version.ts';
import { TIBBER_QUERY } from './tibber.ts';

/** ms for one answer. */
const DEADLINE = 30_000;
/** Bytes of one; a year of quarter hours has half of it. */
const LARGEST_ANSWER = 16_000_000;
/** ms; a longer wait that a server asks for is not believed. */
const LONGEST_PAUSE = 6 * 3_600_000;

/** A document, or why there is none. */
type Answer = { kind: 'document'; document: unknown } | { kind: 'unchanged' } | { kind: 'none' };

/** Asks for documents, each on a connection of its own: they are rare, and one that has idled may be dead. */
export interface Fetcher {
  /** @throws RetryError; it names the host, but neither the rest of the URL nor a token, which are secrets. */
  get(url: string, source: PriceSource, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

/** @param now wall clock in ms, for a `Retry-After` that is a date. @param deadline in ms, of one answer. */
export function createFetcher(now: () => number, deadline = DEADLINE): Fetcher {
  const agent = new Agent({ maxResponseSize: LARGEST_ANSWER });
  /** By URL: what the server called the document it gave last. */
  const tags = new Map<string, string>();
  return {
    async get(url, source, signal) {
      const { host } = new URL(url);
      const patience = AbortSignal.timeout(deadline);
      const tag = tags.get(url);
      const body = bodyOf(source);
      try {
        const response = await request(url, {
          method: body === undefined ? 'GET' : 'POST',
          headers: {
            accept: 'application/json',
            // Some answer nobody who does not say who asks.
            'user-agent': `wattdog/${VERSION}`,
            ...(source.token === undefined ? {} : { authorization: `Bearer ${source.token}` }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...(tag === undefined || body !== undefined ? {} : { 'if-none-match': tag }),
          },
          ...(body === undefined ? {} : { body }),
          dispatcher: agent,
          reset: true,
          signal: AbortSignal.any([signal, patience]),
        });
        const { statusCode: status, headers } = response;
        const text = await response.body.text();
        if (status === 304) return { kind: 'unchanged' };
        // What is not published yet is nowhere, or nothing.
        if (status === 204 || status === 404) return { kind: 'none' };
        if (status < 200 || status > 299) {
          const wait = retryAfterMs(headers['retry-after'], now());
          throw new RetryError(`asking ${host} for prices: answered ${status}`, {
            afterMs: wait === undefined ? undefined : Math.min(wait, LONGEST_PAUSE),
          });
        }
        const document = parse(text, host);
        tags.delete(url);
        if (typeof headers.etag === 'string') tags.set(url, headers.etag);
        // A day's URL is asked for during two days.
        for (const old of [...tags.keys()].slice(0, -20)) tags.delete(old);
        return { kind: 'document', document };
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RetryError) throw error;
        if (patience.aborted)
          throw new RetryError(`asking ${host} for prices: no full answer within ${deadline} ms`);
        throw new RetryError(`asking ${host} for prices`, { cause: error });
      }
    },
    close: () => agent.destroy(),
  };
}

/** JSON is sent as it is, a GraphQL query as one. */
function bodyOf({ body, shape }: PriceSource): string | undefined {
  const query = body ?? (shape === 'tibber' ? TIBBER_QUERY : undefined);
  if (query === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(query);
    if (value !== null && typeof value === 'object') return query;
  } catch {
    // No JSON: it is a query.
  }
  return JSON.stringify({ query });
}

function parse(text: string, host: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RetryError(
      `asking ${host} for prices: the answer must be JSON, got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
}
