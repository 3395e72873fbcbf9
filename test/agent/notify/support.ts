import type { IncomingHttpHeaders } from 'node:http';
import type { Incident, Try } from '../../../agent/guard/incident.ts';
import { describeIncident } from '../../../agent/notify/message.ts';
import { keyOf } from '../../../agent/notify/queue.ts';
import type { Notice } from '../../../agent/notify/service.ts';
import { calendar } from '../../../agent/notify/words.ts';
import type { NotifySettings } from '../../../shared/settings/schema.ts';
import { startHttp } from '../../support/http-server.ts';
import { type Owner, until } from '../../support/system.ts';
import type { VirtualTime } from '../../support/virtual-time.ts';

/** 14:03:02 on 15 January, UTC. */
export const BEGAN = Date.parse('2026-01-15T14:03:02Z');

/** A frozen meter, convicted 2.4 s after its last sign of life. */
export function testIncident(more: Partial<Incident> = {}): Incident {
  return {
    id: 1,
    watch: 'main',
    began: BEGAN,
    detected: BEGAN + 2400,
    cause: 'frozen',
    verdict: 'its process did not answer for 2.1 s',
    evidence: {},
    tries: [],
    ...more,
  };
}

export function testTry(more: Partial<Try> = {}): Try {
  return {
    at: BEGAN + 2500,
    rung: 'restart',
    target: 'container wattdog-meter-1',
    result: 'running',
    detail: 'it runs since yesterday',
    steps: [
      { action: 'kill', tookMs: 150 },
      { action: 'start', tookMs: 250 },
    ],
    ...more,
  };
}

export const healed: Partial<Incident> = {
  tries: [testTry()],
  firstMessage: BEGAN + 9800,
  recovered: BEGAN + 12_200,
  loss: { readings: 3, seconds: 9.8, energy: 0 },
};

/** A notice of the incident, as a courier hands it to a service. */
export function noticeOf(more: Partial<Incident> = {}): Notice {
  const incident = testIncident(more);
  const message = describeIncident(incident, calendar('UTC'));
  return { key: keyOf(incident), incident, message, page: 'http://home:9288/' };
}

export const testSettings = (more: Partial<NotifySettings> = {}): NotifySettings => ({
  services: [],
  ...more,
});

/** Where nobody listens, and nobody ever will: only root may, and it is nobody's any more. */
export const NOBODY = 'http://127.0.0.1:1';

/** What a server received. */
export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** JSON where it is some. */
  body: unknown;
}

/** What it answers; `hang`: nothing, ever; `reset`: it closes the connection. */
export type Reply = { status: number; headers?: Record<string, string>; body?: unknown } | 'hang' | 'reset';

/** A real server that answers as the script says; closed with the test. */
export async function serve(t: Owner, script: (request: Received, index: number) => Reply) {
  const received: Received[] = [];
  const server = await startHttp(t, async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString();
    const one: Received = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: text.startsWith('{') ? JSON.parse(text) : text,
    };
    const reply = script(one, received.push(one) - 1);
    if (reply === 'hang') return;
    if (reply === 'reset') return void request.socket.destroy();
    const { status, headers = {}, body } = reply;
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  return { ...server, received };
}

/** Lets virtual time pass, a little after each piece of real work, until `look` finds what is awaited. */
export async function pass(
  what: string,
  time: VirtualTime,
  look: () => boolean,
  stepMs = 500,
): Promise<void> {
  await until(what, 60_000, async () => {
    if (look()) return true;
    await time.advance(stepMs);
    return look();
  });
}
