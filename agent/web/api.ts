/** The door for people's tools: the command line, scripts, the page. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { GiveUpError, RetryError, reason } from '../../shared/errors.ts';
import type { Operations } from '../doors/operations.ts';
import { holdTime } from '../guard/hold.ts';
import type { Moment } from '../guard/incident.ts';
import { hasBearer, isForeignPage, isForThisMachine } from './auth.ts';
import { DEMAND_STATUS, unknown } from './hooks.ts';
import { checked, Refusal } from './refusal.ts';

const BY = 'the HTTP API';

const restartBody = z.strictObject({ force: z.boolean().default(false) });
const holdBody = z.strictObject({ for: holdTime });
const noBody = z.strictObject({});
const page = z.object({
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'must be a whole number, at most 9999')
    .default('20')
    .transform(Number),
});

/**
 * Watches and incidents to read; restart, hold, release and drill to ask for. With a token, who carries it
 * may come in; without one the agent listens on loopback only, and what keeps web pages out is that a
 * request must call this machine by its own name, come from no other site, and carry JSON.
 */
export function addApi(
  server: FastifyInstance,
  { operations, token }: { operations: Operations; token: string | undefined },
): void {
  server.addHook('onRequest', async ({ headers, method }, reply) => {
    if (token !== undefined && !hasBearer(headers, token)) {
      reply.header('www-authenticate', 'Bearer');
      throw new Refusal(401, 'a bearer token is required: the setting agent.http.token');
    }
    if (token === undefined && !isForThisMachine(headers))
      throw new Refusal(
        403,
        `without agent.http.token the host must be this machine’s own name or address, such as localhost, got ${headers.host}`,
      );
    if (isForeignPage(headers))
      throw new Refusal(403, `pages of other sites may not ask, got one of ${headers.origin}`);
    if (method === 'POST' && !/^application\/json\b/i.test(headers['content-type'] ?? ''))
      throw new Refusal(
        415,
        `the content type must be application/json, got ${headers['content-type'] ?? 'none'}`,
      );
  });

  server.get('/watches', () => ({ watches: operations.watches() }));
  server.get('/incidents', ({ query }) => {
    const { limit } = checked(page, query, 'listing incidents');
    return { incidents: operations.incidents(limit) };
  });

  type Named = { Params: { name: string } };
  const watchOf = ({ params: { name } }: FastifyRequest<Named>): string => {
    const watch = operations.find(name);
    if (watch === undefined) throw new Refusal(404, unknown([name], operations));
    return watch;
  };
  const heldUntil = (watch: string) => operations.watches().find(({ name }) => name === watch)?.heldUntil;

  server.post<Named>('/watches/:name/restart', (request, reply) => {
    const { force } = checked(restartBody, request.body, 'restarting');
    const demand = operations.restart(watchOf(request), { force, by: BY });
    return reply.code(DEMAND_STATUS[demand.result]).send(demand);
  });
  server.post<Named>('/watches/:name/hold', (request) => {
    const { for: forMs } = checked(holdBody, request.body, 'holding');
    const watch = watchOf(request);
    return { watch, heldUntil: operations.hold(watch, forMs, BY) };
  });
  server.post<Named>('/watches/:name/release', (request) => {
    checked(noBody, request.body, 'releasing');
    const watch = watchOf(request);
    operations.release(watch, BY);
    // A maintenance window may hold it still.
    return { watch, heldUntil: heldUntil(watch) };
  });
  server.post<Named>('/watches/:name/drill', async (request, reply) => {
    checked(noBody, request.body, 'drilling');
    const watch = watchOf(request);
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const moments = operations.drill(watch, BY, gone.signal)[Symbol.asyncIterator]();
    const first = await moments.next().catch(refuseDrill);
    return reply.type('application/x-ndjson').send(Readable.from(linesOf(first, moments)));
  });
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
