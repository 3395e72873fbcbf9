/** Meters, gaps, stores and the agent over HTTP. */
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import { DropError } from '../../shared/errors.ts';
import type { Operations } from '../doors/operations.ts';
import type { Queries } from '../doors/queries.ts';
import {
  energyQuestion,
  energyRange,
  gapsQuestion,
  gapsRange,
  meterOf,
  powerQuestion,
  powerRange,
} from '../doors/questions.ts';
import { agentView, energyView, gapView, meterView, powerView, storeView } from '../doors/views.ts';
import { forgottenView } from '../doors/watch-views.ts';
import { callerOf } from './caller.ts';
import { Refusal } from './refusal.ts';
import { refusals } from './schemas.ts';
import { validating, type ZodProvider } from './zod-provider.ts';

const params = z.object({ name: z.string().describe('of the meter').meta({ example: 'main' }) });

export function addReads(
  scope: FastifyInstance,
  { operations, queries, now }: { operations: Operations; queries: Queries; now: () => number },
): void {
  const server = scope.withTypeProvider<ZodProvider>();
  /** Of the path, so that it is the path that is not there. */
  const knownMeter = (name: string): string => {
    try {
      return meterOf(queries, name);
    } catch (error) {
      if (error instanceof DropError) throw new Refusal(404, error.message);
      throw error;
    }
  };

  server.get(
    '/agent',
    {
      schema: {
        tags: ['agent'],
        operationId: 'getAgent',
        summary: 'The agent itself',
        response: { 200: agentView, ...refusals },
      },
    },
    async () => queries.agent(),
  );
  server.get(
    '/meters',
    {
      schema: {
        tags: ['meters'],
        operationId: 'listMeters',
        summary: 'All meters, with their newest readings and sums',
        response: { 200: z.strictObject({ meters: z.array(meterView) }), ...refusals },
      },
    },
    async () => ({ meters: queries.meters() }),
  );
  server.get(
    '/meters/:name/power',
    {
      ...validating('reading power'),
      schema: {
        tags: ['meters'],
        operationId: 'getPower',
        summary: 'Power over minutes to years, in columns',
        description:
          'Each reading where there are no more than `points`; means of equal steps up to a week; hours and days beyond, and where the readings have left the journal.',
        params,
        querystring: powerQuestion,
        response: { 200: powerView, ...refusals },
      },
    },
    ({ params: { name }, query }) => queries.power(knownMeter(name), powerRange(query, now()), query.points),
  );
  server.get(
    '/meters/:name/energy',
    {
      ...validating('reading energy'),
      schema: {
        tags: ['meters'],
        operationId: 'getEnergy',
        summary: 'Energy and cost by hour, day or month',
        description:
          'Every hour, day or month that the range touches, as a whole, in the time zone of the journal; those without a reading are left out. Sums are of real readings, of simulated ones only where there are no others.',
        params,
        querystring: energyQuestion,
        response: { 200: energyView, ...refusals },
      },
    },
    ({ params: { name }, query }) => queries.energy(knownMeter(name), query.unit, energyRange(query, now())),
  );
  server.post(
    '/meters/:name/forget',
    {
      ...validating('forgetting'),
      schema: {
        tags: ['meters'],
        operationId: 'forgetMeter',
        summary: 'Let go of a meter that is there no more',
        description:
          'Nothing of it is left on the broker; what it measured stays in the journal. 409: it is online.',
        params,
        body: z.strictObject({}),
        response: { 200: forgottenView, 409: forgottenView, ...refusals },
      },
    },
    (request, reply) => {
      const forgotten = operations.forget(request.params.name, callerOf(request));
      if (forgotten.result === 'unknown') throw new Refusal(404, `forgetting: ${forgotten.sentence}`);
      return reply.code(forgotten.result === 'online' ? 409 : 200).send(forgotten);
    },
  );
  server.get(
    '/gaps',
    {
      ...validating('listing gaps'),
      schema: {
        tags: ['meters'],
        operationId: 'listGaps',
        summary: 'When nothing was read, the newest first',
        querystring: gapsQuestion,
        response: { 200: z.strictObject({ gaps: z.array(gapView) }), ...refusals },
      },
    },
    async ({ query }) => ({ gaps: queries.gaps(gapsRange(query, now()), query.limit) }),
  );
  server.get(
    '/stores',
    {
      schema: {
        tags: ['stores'],
        operationId: 'listStores',
        summary: 'The metrics stores and how far they lag behind',
        response: { 200: z.strictObject({ stores: z.array(storeView) }), ...refusals },
      },
    },
    async () => ({ stores: queries.stores() }),
  );
}
