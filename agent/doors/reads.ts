import * as z from 'zod';
import { DropError } from '../../shared/errors.ts';
import { issueOf } from '../../shared/issue.ts';
import type { Operations } from './operations.ts';
import type { Queries } from './queries.ts';
import {
  energyQuestion,
  energyRange,
  gapsQuestion,
  gapsRange,
  incidentsQuestion,
  meterOf,
  powerQuestion,
  powerRange,
} from './questions.ts';

/** @param question what is asked, as JSON. @throws DropError naming the rule it breaks, RetryError */
type Read = (question: unknown) => Promise<unknown>;

/** All that can be read, by its name; the answers are those of the HTTP API. */
export function createReads({
  queries,
  operations,
  now,
}: {
  queries: Queries;
  operations: Operations;
  now: () => number;
}): ReadonlyMap<string, Read> {
  const meter = z.string('must be the name of a meter');
  const reads = {
    agent: read('agent', nothing, () => queries.agent()),
    meters: read('meters', nothing, () => ({ meters: queries.meters() })),
    stores: read('stores', nothing, () => ({ stores: queries.stores() })),
    watches: read('watches', nothing, () => ({ watches: operations.watches() })),
    incidents: read('incidents', incidentsQuestion, ({ limit }) => ({
      incidents: operations.incidents(limit),
    })),
    gaps: read('gaps', gapsQuestion, (asked) => ({
      gaps: queries.gaps(gapsRange(asked, now()), asked.limit),
    })),
    power: read('power', powerQuestion.extend({ meter }), (asked) =>
      queries.power(meterOf(queries, asked.meter), powerRange(asked, now()), asked.points),
    ),
    energy: read('energy', energyQuestion.extend({ meter }), (asked) =>
      queries.energy(meterOf(queries, asked.meter), asked.unit, energyRange(asked, now())),
    ),
  };
  return new Map(Object.entries(reads));
}

const nothing = z.strictObject({});

function read<Q>(what: string, schema: z.ZodType<Q>, answer: (question: Q) => unknown): Read {
  return async (question) => {
    const parsed = schema.safeParse(question);
    if (!parsed.success) throw new DropError(`reading ${what}: ${issueOf(parsed.error, question)}`);
    return answer(parsed.data);
  };
}
