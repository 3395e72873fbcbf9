import { timingSafeEqual } from 'node:crypto';
import { type FastifyRequest, fastify } from 'fastify';
import { GiveUpError, reason } from '../../shared/errors.ts';
import type { Settings } from '../../shared/settings/schema.ts';

/** A check by name: true, or what is wrong. */
export type Readiness = Record<string, true | string>;

/**
 * `/healthz`: this process turns. `/readyz`: it does its work (broker session, journal). `/metrics`:
 * Prometheus text. A silent meter is neither: it is watched, and must not get the agent restarted.
 *
 * @returns the port it listens on and how to close it.
 * @throws GiveUpError when the address is taken.
 */
export async function startWeb(
  settings: Settings['agent']['http'],
  deps: { readiness: () => Readiness; metrics: () => Promise<string> },
): Promise<{ port: number; close: () => Promise<void> }> {
  const server = fastify({ logger: false, forceCloseConnections: true });

  server.get('/healthz', () => ({ status: 'ok' }));
  server.get('/readyz', (_request, reply) => {
    const checks = deps.readiness();
    const ready = Object.values(checks).every((check) => check === true);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'not ready', checks });
  });
  server.get('/metrics', async (request, reply) => {
    if (!mayRead(request, settings.token))
      return reply
        .code(401)
        .header('www-authenticate', 'Bearer')
        .send({ error: 'a bearer token is required' });
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await deps.metrics());
  });

  try {
    await server.listen({ host: settings.host, port: settings.port });
  } catch (error) {
    throw new GiveUpError(
      `listening for HTTP on ${settings.host}:${settings.port}: ${reason(error)}; choose another with agent.http.port`,
    );
  }
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : settings.port;
  return { port, close: () => server.close() };
}

function mayRead(request: FastifyRequest, token: string | undefined): boolean {
  if (token === undefined) return true;
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
