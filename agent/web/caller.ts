import type { FastifyRequest } from 'fastify';

/** Who asks, as it is told to people: it is what they call it themselves, and proves nothing. */
export function callerOf({ headers }: Pick<FastifyRequest, 'headers'>): string {
  if (headers['user-agent']?.startsWith('wattdog/')) return 'the command line';
  // Only browsers name the page they ask for.
  return headers.origin === undefined ? 'the HTTP API' : 'the page';
}
