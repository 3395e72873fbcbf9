import type { Readable } from 'node:stream';
import { signalNumber } from './decide.ts';

/** One event of a container, as the engine tells it. */
export interface EngineEvent {
  id: string;
  /** Such as `die`, or `health_status: unhealthy`. */
  action: string;
  /** The container's name after it. */
  name: string;
  /** Its labels, and among them what the engine adds to the event, such as `exitCode`. */
  attributes: Record<string, string>;
  /** Comes with `kill`. */
  signal: number | undefined;
}

/** What changes a container's state. Health checks run by `exec_*` events, three each, which nobody wants. */
export const FOLLOWED = [
  ...['create', 'start', 'die', 'stop', 'kill', 'oom', 'pause', 'unpause'],
  ...['health_status', 'rename', 'destroy'],
];

/** The events of a stream of JSON lines; what is none is left out. Ends, or fails, with the stream. */
export async function* readEvents(stream: Readable): AsyncGenerator<EngineEvent> {
  stream.setEncoding('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = readEvent(line);
      if (event !== undefined) yield event;
    }
  }
  const last = readEvent(rest);
  if (last !== undefined) yield last;
}

function readEvent(line: string): EngineEvent | undefined {
  let event: { Action?: unknown; Actor?: { ID?: string; Attributes?: Record<string, string> } } | null;
  try {
    event = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof event?.Action !== 'string') return undefined;
  const { ID: id = '', Attributes: attributes = {} } = event.Actor ?? {};
  const { name = '', signal = '' } = attributes;
  return { id, action: event.Action, name, attributes, signal: signalNumber(signal) };
}
