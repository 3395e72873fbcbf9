/** Watches and incidents: to read, and what may be asked for. */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import { GiveUpError, RetryError, reason } from '../../shared/errors.ts';
import type { Operations } from '../doors/operations.ts';
import { incidentsQuestion } from '../doors/questions.ts';
import { demandView, incidentView, momentView, watchView } from '../doors/watch-views.ts';
import { holdTime } from '../guard/hold.ts';
import type { Moment } from '../guard/incident.ts';
import { callerOf } from './caller.ts';
import { DEMAND_STATUS, unknown } from './hooks.ts';
import { Refusal } from './refusal.ts';
import { refusals } from './schemas.ts';
import { validating, type ZodProvider } from './zod-provider.ts';

const params = z.object({
  name: z.string().describe('of the watch, or of its container').meta({ example: 'main' }),
});
const nothing = z.strictObject({});
const held = z.strictObject({
  watch: z.string(),
  heldUntil: z.int().optional().describe('ms since 1970 UTC; absent where nothing holds it'),
});
const tags = ['watches'];

export function addWatches(scope: FastifyInstance, operations: Operations): void {
  const server = scope.withTypeProvider<ZodProvider>();
  const watchOf = (name: string): string => {
    const watch = operations.find(name);
    if (watch === undefined) throw new Refusal(404, unknown([name], operations));
    return watch;
  };

  server.get(
    '/watches',
    {
      schema: {
        tags,
        operationId: 'listWatches',
        summary: 'All watches, with their verdicts and evidence',
        response: { 200: z.strictObject({ watches: z.array(watchView) }), ...refusals },
      },
    },
    async () => ({ watches: operations.watches() }),
  );
  server.get(
    '/incidents',
    {
      ...validating('listing incidents'),
      schema: {
        tags,
        operationId: 'listIncidents',
        summary: 'What has stalled and how it was healed, the newest first',
        querystring: incidentsQuestion,
        response: { 200: z.strictObject({ incidents: z.array(incidentView) }), ...refusals },
      },
    },
    async ({ query: { limit } }) => ({ incidents: operations.incidents(limit) }),
  );
  server.post(
    '/watches/:name/restart',
    {
      ...validating('restarting'),
      schema: {
        tags,
        operationId: 'restart',
        summary: 'Restart what is behind a watch',
        description:
          'Answered as soon as it has begun. 409: our own evidence says that it is well, or nothing may be restarted; 423: somebody wants it left alone.',
        params,
        body: z.strictObject({
          force: z.boolean().default(false).describe('whatever our own evidence says'),
        }),
        response: { 200: demandView, 409: demandView, 423: demandView, ...refusals },
      },
    },
    (request, reply) => {
      const { force } = request.body;
      const demand = operations.restart(watchOf(request.params.name), {
        force,
        by: callerOf(request),
      });
      return reply.code(DEMAND_STATUS[demand.result]).send(demand);
    },
  );
  server.post(
    '/watches/:name/hold',
    {
      ...validating('holding'),
      schema: {
        tags,
        operationId: 'hold',
        summary: 'Leave it alone for some time',
        params,
        body: z.strictObject({ for: holdTime.meta({ example: '2h' }) }),
        response: { 200: held, ...refusals },
      },
    },
    async (request) => {
      const watch = watchOf(request.params.name);
      return { watch, heldUntil: operations.hold(watch, request.body.for, callerOf(request)) };
    },
  );
  server.post(
    '/watches/:name/release',
    {
      ...validating('releasing'),
      schema: {
        tags,
        operationId: 'release',
        summary: 'Leave it alone no longer',
        description: 'A maintenance window may hold it still.',
        params,
        body: nothing,
        response: { 200: held, ...refusals },
      },
    },
    async (request) => {
      const watch = watchOf(request.params.name);
      operations.release(watch, callerOf(request));
      const heldUntil = operations.watches().find(({ name }) => name === watch)?.heldUntil;
      return { watch, ...(heldUntil === undefined ? {} : { heldUntil }) };
    },
  );
  server.post(
    '/watches/:name/drill',
    {
      ...validating('drilling'),
      schema: {
        tags,
        operationId: 'drill',
        summary: 'Freeze it for real, and see it healed',
        description:
          'A line of JSON for each moment as it comes, until it is verified; what ends it early is the last line, `{error}`.',
        params,
        body: nothing,
        response: { 200: { content: { 'application/x-ndjson': { schema: momentView } } }, ...refusals },
      },
    },
    async (request, reply) => {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const moments = operations
        .drill(watchOf(request.params.name), callerOf(request), gone.signal)
        [Symbol.asyncIterator]();
      const first = await moments.next().catch(refuseDrill);
      return reply.type('application/x-ndjson').send(Readable.from(linesOf(first, moments)));
    },
  );
}

/** A drill that cannot even begin is told by its status. */
function refuseDrill(error: unknown): never {
  if (error instanceof RetryError) throw new Refusal(503, reason(error));
  if (error instanceof GiveUpError) throw new Refusal(409, reason(error));
  throw error;
}

/** A line of JSON for each moment as it comes; what ends it early is told in its last line, as `error`. */
async function* linesOf(first: IteratorResult<Moment>, rest: AsyncIterator<Moment>): AsyncGenerator<string> {
  try {
    for (let next = first; !next.done; next = await rest.next()) yield `${JSON.stringify(next.value)}\n`;
  } catch (error) {
    yield `${JSON.stringify({ error: reason(error) })}\n`;
  } finally {
    await rest.return?.();
  }
}
