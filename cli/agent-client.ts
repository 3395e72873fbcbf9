import { readFileSync } from 'node:fs';

import { GiveUpError, reason } from '../shared/errors.ts';
import { linesOf } from '../shared/lines.ts';
import { pageTokenFile } from '../shared/made-secret.ts';
import { createEventParser } from '../shared/server-sent-events.ts';
import type { Settings } from '../shared/settings/schema.ts';
import { VERSION } from '../shared/version.ts';

/** Nobody answers where the agent should be, or no more. */
export class AgentAway extends GiveUpError {
  override name = 'AgentAway';
}

/** A server-sent event. */
interface ServerEvent {
  event: string;
  /** What its JSON says. */
  data: unknown;
}

/**
 * Asks the running agent. All throw GiveUpError: 2 where the agent says that the question is wrong, else 1,
 * and AgentAway where there is none.
 */
export interface AgentClient {
  /** Such as `http://127.0.0.1:9288`. */
  readonly url: string;
  /** @param action what is being done, for messages. @param body posted as JSON; without one it is a GET. */
  ask<T>(action: string, path: string, body?: object): Promise<T>;
  /** Posts an empty object; each line of the answer as it comes. */
  lines(action: string, path: string): AsyncGenerator<unknown>;
  /** Server-sent events as they come, until the agent goes, which throws AgentAway, or the signal aborts. */
  events(action: string, path: string): AsyncGenerator<ServerEvent>;
}

/** ms for an answer to begin; a drill’s begins when its target is frozen. */
const PATIENCE = 30_000;
/** ms; an agent that has nothing to tell says so more often. */
const SILENCE = 40_000;

/** @param url the option `--agent`; otherwise the settings say where it is. @throws GiveUpError */
export function openAgent(
  settings: Pick<Settings, 'agent' | 'broker'>,
  url: string | undefined,
  signal: AbortSignal,
): AgentClient {
  const { host, port } = settings.agent.http;
  const base = url === undefined ? urlOf(host, port) : checkUrl(url);
  const token = tokenOf(settings);
  const request = async (
    action: string,
    path: string,
    { body, stopped = signal }: { body?: object | undefined; stopped?: AbortSignal } = {},
  ): Promise<Response> => {
    let response: Response;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer in ${PATIENCE / 1000} s`)), PATIENCE);
    try {
      response = await fetch(`${base}${path}`, {
        signal: AbortSignal.any([stopped, late.signal]),
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers: {
          'content-type': 'application/json',
          'user-agent': `wattdog/${VERSION}`,
          // A header is Latin-1, whatever its bytes mean.
          ...(token === undefined
            ? {}
            : { authorization: Buffer.from(`Bearer ${token}`).toString('latin1') }),
        },
      });
    } catch (error) {
      if (signal.aborted) throw new GiveUpError(`${action}: interrupted`);
      throw new AgentAway(
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
      const response = await request(action, path, { body });
      try {
        return (await response.json()) as T;
      } catch (error) {
        throw new GiveUpError(`${action}: ${base} must be an agent of wattdog, got ${reason(error)}`);
      }
    },
    async *lines(action, path) {
      const { body } = await request(action, path, { body: {} });
      try {
        for await (const line of linesOf(textOf(body))) yield JSON.parse(line);
      } catch (error) {
        if (signal.aborted) throw new GiveUpError(`${action}: interrupted; the agent goes on by itself`);
        throw new GiveUpError(`${action}: the agent must tell it to its end, got ${cause(error)}`);
      }
    },
    async *events(action, path) {
      const silent = new AbortController();
      const { body } = await request(action, path, { stopped: AbortSignal.any([signal, silent.signal]) });
      const heard = () =>
        setTimeout(() => silent.abort(new Error(`nothing for ${SILENCE / 1000} s`)), SILENCE);
      let timer = heard();
      let ended = 'its end';
      try {
        const parse = createEventParser();
        for await (const piece of textOf(body)) {
          clearTimeout(timer);
          timer = heard();
          for (const { event, data } of parse(piece)) yield { event, data: JSON.parse(data) };
        }
      } catch (error) {
        ended = cause(error);
      } finally {
        clearTimeout(timer);
      }
      if (!signal.aborted) throw new AgentAway(`${action}: the agent must go on telling, got ${ended}`);
    },
  };
}

/** The token of the settings, or the one that an agent on this machine has made for itself. */
function tokenOf({ agent, broker }: Pick<Settings, 'agent' | 'broker'>): string | undefined {
  if (agent.http.token !== undefined || broker.credentials === undefined) return agent.http.token;
  try {
    return readFileSync(pageTokenFile(broker.credentials), 'utf8').trim() || undefined;
  } catch {
    return undefined; // None was made; where one is needed, the agent says so.
  }
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
  // The agent may name the action itself.
  const answer = error ?? sentence;
  const said = answer?.startsWith(`${action}: `) ? answer.slice(action.length + 2) : answer;
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

async function* textOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  if (body !== null) yield* body.pipeThrough(new TextDecoderStream());
}
