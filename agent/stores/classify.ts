import { retryAfterMs } from '../../shared/retry-after.ts';

/** What a store answered to a write. */
export interface Answer {
  status: number;
  retryAfter: string | undefined;
  body: string;
}

/** What the answer means for what was sent. */
export type Verdict =
  /** The store has all of it. */
  | { kind: 'stored' }
  /**
   * What was sent, or something in it, can never be stored. `some`: the store judged each point and kept the
   * others; `all`: it judged each and kept none; `request`: it judged the request as a whole and kept nothing.
   */
  | { kind: 'refused'; reason: string; scope: 'request' | 'some' | 'all' }
  /** More than the store takes at once. */
  | { kind: 'too large'; reason: string }
  /** Nothing is wrong with what was sent: the same may succeed later, `afterMs` from now if given. */
  | { kind: 'later'; reason: string; afterMs: number | undefined };

/** Milliseconds to leave a store alone that will most likely answer the same until a person has helped. */
export const PATIENCE_MS = 10_000;
/** Milliseconds; a longer `Retry-After` is not believed. */
const LONGEST_PAUSE_MS = 600_000;

/**
 * @param points how many were sent.
 * @param now wall clock in milliseconds, for a `Retry-After` that is a date.
 */
export function classify(answer: Answer, points: number, now: number): Verdict {
  const { status, body } = answer;
  const reason = `answered ${status}${explanation(body)}`;
  if (status >= 200 && status < 300) {
    // No store says more than that it is done; a page is of somebody else, and a 200 of InfluxDB with words a failure.
    if (body.trim() === '') return { kind: 'stored' };
    return { kind: 'later', reason: `${reason}: must be an empty answer`, afterMs: PATIENCE_MS };
  }
  if (status === 400 || status === 422) {
    const dropped = droppedPoints(body);
    return {
      kind: 'refused',
      reason,
      scope: dropped === undefined ? 'request' : dropped < points ? 'some' : 'all',
    };
  }
  if (status === 413) return { kind: 'too large', reason };
  const asked = retryAfterMs(answer.retryAfter, now);
  const afterMs = asked === undefined ? undefined : Math.min(asked, LONGEST_PAUSE_MS);
  return { kind: 'later', reason, afterMs: afterMs ?? (status >= 500 ? undefined : PATIENCE_MS) };
}

/** InfluxDB 1.x: the one 404 that we can mend ourselves. */
export const isDatabaseMissing = ({ status, body }: Answer): boolean =>
  status === 404 && /database not found/i.test(body);

/**
 * How many points of a partial write were left out, undefined when it was none: InfluxDB 1 and 2 count them in
 * the message (as 0 when a line could not be parsed), InfluxDB 3 lists them.
 */
function droppedPoints(body: string): number | undefined {
  if (!/partial write/i.test(body)) return undefined;
  const counted = /\bdropped=(\d+)/.exec(body)?.[1];
  if (counted !== undefined) return Number(counted);
  const { data } = parse(body);
  return Array.isArray(data) ? data.length : 0;
}

/** The store's own words, with those on the first line it refused. */
function explanation(body: string): string {
  const { error, message, data } = parse(body);
  const first = Array.isArray(data) ? data[0]?.error_message : undefined;
  const words = [error ?? message ?? body, first].filter((text) => typeof text === 'string' && text !== '');
  const text = words.join(': ').replace(/\s+/g, ' ').trim();
  return text === '' ? '' : `: ${text.length > 300 ? `${text.slice(0, 300)}…` : text}`;
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
