import { GiveUpError, reason } from '../shared/errors.ts';
import type { Settings } from '../shared/settings/schema.ts';

/** Asks the running agent. All throw GiveUpError: 2 where the agent says that the question is wrong, else 1. */
export interface AgentClient {
  /** Such as `http://127.0.0.1:9288`. */
  readonly url: string;
  /** @param action what is being done, for messages. @param body posted as JSON; without one it is a GET. */
  ask<T>(action: string, path: string, body?: object): Promise<T>;
  /** Posts an empty object; each line of the answer as it comes. */
  lines(action: string, path: string): AsyncGenerator<unknown>;
}

/** ms for an answer to begin; a drill’s begins when its target is frozen. */
const PATIENCE = 30_000;

/** @param url the option `--agent`; otherwise the settings say where it is. @throws GiveUpError */
export function openAgent(
  { host, port, token }: Settings['agent']['http'],
  url: string | undefined,
  signal: AbortSignal,
): AgentClient {
  const base = url === undefined ? urlOf(host, port) : checkUrl(url);
  const request = async (action: string, path: string, body: object | undefined): Promise<Response> => {
    let response: Response;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer in ${PATIENCE / 1000} s`)), PATIENCE);
    try {
      response = await fetch(`${base}${path}`, {
        signal: AbortSignal.any([signal, late.signal]),
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: {
          'content-type': 'application/json',
          // A header is Latin-1, whatever its bytes mean.
          ...(token === undefined
            ? {}
            : { authorization: Buffer.from(`Bearer ${token}`).toString('latin1') }),
        },
      });
    } catch (error) {
      if (signal.aborted) throw new GiveUpError(`${action}: interrupted`);
      throw new GiveUpError(
        `${action}: the agent must be running at ${base} (settings agent.http.host and agent.http.port, or --agent URL), got ${cause(error)}`,
      );
    } finally {
      clearTimeout(timer);
    }
    if (response.ok) return response;
    throw refusal(action, base, response.status, await response.text().catch(() => ''));
  };
  return {
    url: base,
    async ask<T>(action: string, path: string, body?: object) {
      const response = await request(action, path, body);
      try {
        return (await response.json()) as T;
      } catch (error) {
        throw new GiveUpError(`${action}: ${base} must be an agent of wattdog, got ${reason(error)}`);
      }
    },
    async *lines(action, path) {
      const { body } = await request(action, path, {});
      try {
        for await (const line of splitLines(body?.pipeThrough(new TextDecoderStream()) ?? []))
          yield JSON.parse(line);
      } catch (error) {
        if (signal.aborted) throw new GiveUpError(`${action}: interrupted; the agent goes on by itself`);
        throw new GiveUpError(`${action}: the agent must tell it to its end, got ${cause(error)}`);
      }
    },
  };
}

function urlOf(host: string, port: number): string {
  if (port === 0)
    throw new GiveUpError(
      'finding the agent: agent.http.port must be its port, is 0, any free one; --agent URL names it',
      78,
    );
  // An agent that listens on every address listens on loopback too.
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${address.includes(':') && !address.startsWith('[') ? `[${address}]` : address}:${port}`;
}

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new GiveUpError(
      `reading the command line: --agent must be a URL such as http://192.168.1.2:9288, got ${text}`,
      2,
    );
  return url.href.replace(/\/$/, '');
}

function refusal(action: string, base: string, status: number, text: string): GiveUpError {
  if (status === 401)
    return new GiveUpError(
      `${action}: the agent at ${base} asks for its token: set agent.http.token (WATTDOG_AGENT_HTTP_TOKEN) to the same as there`,
    );
  const { error, sentence, result } = told(text);
  const said = error ?? sentence;
  if (said === undefined)
    return new GiveUpError(`${action}: ${base} must be an agent of wattdog, got HTTP status ${status}`);
  const hint = result === 'refused' ? '; --force overrules it' : '';
  return new GiveUpError(`${action}: ${said}${hint}`, status === 400 || status === 404 ? 2 : 1);
}

function told(text: string): { error?: string; sentence?: string; result?: string } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/** What `fetch failed` hides. */
function cause(error: unknown): string {
  return reason(error instanceof Error && error.cause !== undefined ? error.cause : error);
}

async function* splitLines(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
