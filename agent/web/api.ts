/** The door for people's tools: the page, the command line, scripts. */
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import type { Time } from '../../shared/time.ts';
import type { Operations } from '../doors/operations.ts';
import type { Queries } from '../doors/queries.ts';
import { hasBearer, isForeignPage, isForThisMachine } from './auth.ts';
import { addLive } from './live.ts';
import { describeApi } from './openapi.ts';
import { addReads } from './reads.ts';
import { Refusal } from './refusal.ts';
import { refusals } from './schemas.ts';
import { addWatches } from './watches.ts';

export const API_PREFIX = '/api/v1';

export interface ApiDeps {
  operations: Operations;
  queries: Queries;
  time: Time;
}

/**
 * With a token, who carries it may come in; without one the agent listens on loopback only, and what keeps
 * web pages out is that a request must call this machine by its own name, come from no other site, and
 * carry JSON.
 */
export function addApi(server: FastifyInstance, deps: ApiDeps, token: string | undefined): void {
  server.addHook('onRequest', async ({ headers, method }, reply) => {
    reply.header('cache-control', 'no-store');
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
  addRoutes(server, deps);
}

/** What there is, without a look at who asks. */
function addRoutes(server: FastifyInstance, deps: ApiDeps): void {
  const { operations, queries, time } = deps;
  // Schemas say what the answers are; that these are so is for the tests.
  server.setSerializerCompiler(() => JSON.stringify);
  addReads(server, { operations, queries, now: time.now });
  addWatches(server, operations);
  addLive(server, { queries, time });

  let document: Promise<string> | undefined;
  server.get(
    '/openapi.json',
    {
      schema: {
        tags: ['agent'],
        operationId: 'getOpenApi',
        summary: 'This document',
        response: { 200: z.looseObject({}), ...refusals },
      },
    },
    async (_request, reply) => {
      document ??= describeApi((scope) => addRoutes(scope, deps), API_PREFIX);
      return reply.type('application/json; charset=utf-8').send(await document);
    },
  );
}
