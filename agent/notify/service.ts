import type { Incident } from '../guard/incident.ts';
import type { Message } from './message.ts';

/** One state of one incident, as it is to be told. */
export interface Notice {
  /** Names the incident, also across restarts and a lost record: 1 to 64 of letters, digits, _ and -. */
  key: string;
  incident: Incident;
  message: Message;
  /** The address of our own page. */
  page: string | undefined;
}

export interface Request {
  method: 'POST' | 'PATCH';
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** How one service is spoken to. Pure: the sending is done elsewhere. */
export interface Service {
  /** @param id of the message that shall now say this instead; undefined for a new one. */
  request(notice: Notice, id?: string): Request;
  /**
   * The id of the message that was just sent, from the service's answer (JSON, or undefined where it is none);
   * only where a message can be changed afterwards.
   */
  idOf?(answer: unknown): string | undefined;
  /** Whether a refusal says that the message already reads so. */
  isUnchanged?(answer: unknown): boolean;
}

export function json(method: Request['method'], url: string, body: unknown, headers = {}): Request {
  return {
    method,
    url,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

/** The address of `path` below `url`, which may have a path and a query of its own. */
export function below(url: string, path: string): URL {
  const base = new URL(url);
  base.pathname = `${base.pathname.replace(/\/+$/, '')}${path}`;
  return base;
}

/** A field of an answer that may be anything. */
export function field(answer: unknown, name: string): unknown {
  return typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : undefined;
}

/** `trouble`, `help` and `over` as people expect them; 0xRRGGBB. */
export const COLOURS = { trouble: 0xe8a33d, help: 0xd93f3f, over: 0x3da35d } as const;

export const hexColour = (stage: Message['stage']): string =>
  `#${COLOURS[stage].toString(16).padStart(6, '0')}`;

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** What Markdown would make something of, as itself. */
export const escapeMarkdown = (text: string): string => text.replace(/[\\`*_~|>#[\]]/g, '\\$&');
