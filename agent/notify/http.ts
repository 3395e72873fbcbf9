import type { Agent } from 'undici';
import { DropError, RetryError } from '../../shared/errors.ts';
import { retryAfterMs } from '../../shared/retry-after.ts';
import { field, type Request } from './service.ts';
import { clip } from './words.ts';

/** ms; what takes longer is sent again. */
const DEADLINE = 15_000;
/** ms; a longer wait that somebody asks for is not believed. */
const LONGEST_PAUSE = 3_600_000;
/** Bytes of an answer; of what we need, none has a tenth of it. */
const LARGEST_ANSWER = 262_144;

/** A refusal for good, with the answer's JSON where there was some. */
export class RefusedError extends DropError {
  override name = 'RefusedError';
  readonly answer: unknown;

  constructor(message: string, answer: unknown) {
    super(message);
    this.answer = answer;
  }
}

/** Sends requests, each on a connection of its own: they are rare, and one that has idled may be dead. */
export class Sender {
  #agent: Agent | undefined;
  readonly #now: () => number;
  readonly #deadline: number;

  /** @param now wall clock in ms, for a `Retry-After` that is a date. @param deadline in ms, for one request. */
  constructor(now: () => number, deadline: number = DEADLINE) {
    this.#now = now;
    this.#deadline = deadline;
  }

  /**
   * @returns the answer's JSON; undefined where it is none.
   * @throws RetryError when the same may succeed later, RefusedError when it never will; neither tells the
   * path or query of the URL, which are secrets.
   */
  async send({ url, ...options }: Request, signal: AbortSignal): Promise<unknown> {
    // Loaded with the first message: who tells nobody saves the memory.
    const { Agent, request } = await import('undici');
    this.#agent ??= new Agent({ maxResponseSize: LARGEST_ANSWER });
    const deadline = AbortSignal.timeout(this.#deadline);
    const { host } = new URL(url);
    let status: number;
    let header: string | string[] | undefined;
    let text: string;
    try {
      const response = await request(url, {
        ...options,
        dispatcher: this.#agent,
        reset: true,
        signal: AbortSignal.any([signal, deadline]),
      });
      status = response.statusCode;
      header = response.headers['retry-after'];
      text = await response.body.text();
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.aborted)
        throw new RetryError(`asking ${host}: no full answer within ${this.#deadline} ms`);
      throw new RetryError(`asking ${host}`, { cause: error });
    }
    const answer = parse(text);
    if (status >= 200 && status < 300) return answer;
    const why = `asking ${host}: answered ${status}${explanation(answer, url)}`;
    if (isRefusal(status)) throw new RefusedError(why, answer);
    throw new RetryError(why, { afterMs: pause(header, answer, this.#now()) });
  }

  async close(): Promise<void> {
    await this.#agent?.destroy();
  }
}

/** The others say: later, or come from somebody else in between, such as a router that has no line. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

/** ms to wait, from the header (seconds or a date) and the body (Discord's, and Telegram's in `parameters`). */
function pause(header: string | string[] | undefined, answer: unknown, now: number): number | undefined {
  const body = field(answer, 'retry_after') ?? field(field(answer, 'parameters'), 'retry_after');
  const asked = [retryAfterMs(header, now), typeof body === 'number' ? body * 1000 : undefined].filter(
    (ms) => ms !== undefined,
  );
  if (asked.length === 0) return undefined;
  return Math.min(Math.max(0, ...asked), LONGEST_PAUSE);
}

/** The service's own words, without those of the URL, which some repeat. */
function explanation(answer: unknown, url: string): string {
  const words = ['description', 'message', 'errorDescription', 'error']
    .map((name) => field(answer, name))
    .find((value) => typeof value === 'string' && value !== '');
  if (typeof words !== 'string') return '';
  const { pathname, searchParams } = new URL(url);
  const parts = [...pathname.split('/'), ...searchParams.values()]
    .filter(({ length }) => length >= 6)
    .sort((a, b) => b.length - a.length);
  const hidden = parts.reduce((text, part) => text.replaceAll(part, '(hidden)'), words.replace(/\s+/g, ' '));
  return `: ${clip(hidden, 200)}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
