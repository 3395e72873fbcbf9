import { type FastifyReply, fastify } from 'fastify';
import { DropError, GiveUpError, RetryError, reason } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { Settings } from '../../shared/settings/schema.ts';
import { API_PREFIX, type ApiDeps, addApi } from './api.ts';
import { hasBearer } from './auth.ts';
import { addHooks, type HookCounts, noHooks } from './hooks.ts';
import { addPage, pageFolder } from './page.ts';

/** A check by name: true, or what is wrong. */
export type Readiness = Record<string, true | string>;

interface Deps extends ApiDeps {
  readiness: () => Readiness;
  /** @param hooks what the webhooks have counted. */
  metrics: (hooks: HookCounts) => Promise<string>;
  log: Log;
}

/** Bytes of a request's body. */
const LARGEST_BODY = 256 * 1024;
/** ms in which a request must have come in whole. */
const REQUEST_TIMEOUT = 30_000;

/**
 * `/healthz`: this process turns. `/readyz`: it does its work (broker session, journal). `/metrics`:
 * Prometheus text. A silent meter is neither: it is watched, and must not get the agent restarted.
 * `/restart-<watch>` and `/hooks/…`: webhooks. `/api/v1/…`: all that is known, and what may be asked for;
 * `/api/v1/openapi.json` describes it. What is refused is answered with JSON, `{error}`.
 *
 * @returns the port it listens on and how to close it.
 * @throws GiveUpError when the address is taken.
 */
export async function startWeb(
  { http, hooks }: Pick<Settings['agent'], 'http' | 'hooks'>,
  { readiness, metrics, log, ...deps }: Deps,
): Promise<{ port: number; close: () => Promise<void> }> {
  const refuse = (error: Error, reply: FastifyReply) => {
    const statusCode = statusOf(error);
    if (statusCode < 500 || statusCode === 503) return reply.code(statusCode).send({ error: error.message });
    log.error({ error: error.stack }, `answering an HTTP request: ${reason(error)}`);
    return reply.code(500).send({ error: 'the agent failed; its log says how' });
  };
  const server = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: LARGEST_BODY,
    requestTimeout: REQUEST_TIMEOUT,
    frameworkErrors: (error, _request, reply) => void refuse(error, reply),
  });
  server.setErrorHandler<Error>((error, _request, reply) => refuse(error, reply));
  server.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'there is nothing here' }));

  addPage(server, pageFolder());
  server.get('/healthz', () => ({ status: 'ok' }));
  server.get('/readyz', (_request, reply) => {
    const checks = readiness();
    const ready = Object.values(checks).every((check) => check === true);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'not ready', checks });
  });
  const counts = noHooks();
  server.get('/metrics', async (request, reply) => {
    if (http.token !== undefined && !hasBearer(request.headers, http.token))
      return reply
        .code(401)
        .header('www-authenticate', 'Bearer')
        .send({ error: 'a bearer token is required' });
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics(counts));
  });
  const { operations, time } = deps;
  const credentials = { token: http.token, ...hooks };
  await server.register(async (scope) => addHooks(scope, { operations, credentials, counts, now: time.now }));
  await server.register(async (scope) => addApi(scope, deps, http.token), { prefix: API_PREFIX });

  try {
    await server.listen({ host: http.host, port: http.port });
  } catch (error) {
    throw new GiveUpError(
      `listening for HTTP on ${http.host}:${http.port}: ${reason(error)}; choose another with agent.http.port`,
    );
  }
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : http.port;
  return { port, close: () => server.close() };
}

/** What an error means to who asked; 500 for what is no fault of theirs. */
function statusOf(error: Error & { statusCode?: number }): number {
  if (error instanceof RetryError) return 503;
  if (error instanceof DropError) return 400;
  return error.statusCode ?? 500;
}
