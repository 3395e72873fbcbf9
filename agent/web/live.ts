/** What happens, as server-sent events. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import type { Time } from '../../shared/time.ts';
import type { LiveEvent, Queries } from '../doors/queries.ts';
import { refusals } from './schemas.ts';

/** ms between two comments, which tell both sides and all between them that the connection is used. */
const HEARTBEAT = 15_000;
/** ms after which a reader asks again when the connection has broken. */
const RETRY = 1000;
/** ms after which a connection that takes nothing is given up. */
const STUCK = 60_000;

export function addLive(
  scope: FastifyInstance,
  { queries, time }: { queries: Pick<Queries, 'live'>; time: Time },
): void {
  scope.get(
    '/live',
    {
      // To ask for its head must not begin to listen.
      exposeHeadRoute: false,
      schema: {
        tags: ['agent'],
        operationId: 'listen',
        summary: 'What happens in the house, as it happens',
        description:
          'Server-sent events: the state first, then every change of it. `event` is `reading`, `watch`, `watches` (all of them: at first, and when one is watched no longer), `incident`, `meters` or `stores`; `data` is the same JSON as elsewhere, a list without its name, of a reading `{meter, reading}`. Who reads slowly misses readings, never states. A comment comes every 15 s.',
        response: {
          200: { content: { 'text/event-stream': { schema: z.string() } } },
          ...refusals,
        },
      },
    },
    async (_request, reply) => {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const events = queries.live(gone.signal)[Symbol.asyncIterator]();
      // One who may not listen is told so by the status.
      const first = await events.next();
      reply.raw.setTimeout(STUCK, () => void reply.raw.destroy());
      return reply
        .type('text/event-stream; charset=utf-8')
        .header('x-accel-buffering', 'no')
        .send(Readable.from(framesOf(first, events, time, gone.signal)));
    },
  );
}

async function* framesOf(
  first: IteratorResult<LiveEvent>,
  events: AsyncIterator<LiveEvent>,
  time: Time,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const beat = () => time.sleep(HEARTBEAT, signal).catch(() => {});
  try {
    yield `retry: ${RETRY}\n\n`;
    let next = Promise.resolve(first);
    let due = beat();
    for (;;) {
      const event = await Promise.race([next, due]);
      if (signal.aborted || event?.done) return;
      if (event === undefined) {
        due = beat();
        yield ': \n\n';
      } else {
        next = events.next();
        yield `event: ${event.value.event}\ndata: ${JSON.stringify(event.value.data)}\n\n`;
      }
    }
  } finally {
    await events.return?.();
  }
}
