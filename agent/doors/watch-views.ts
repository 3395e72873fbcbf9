/** What is shown of watches and incidents. Times are ms since 1970 UTC, durations in evidence ms. */
import * as z from 'zod';

const time = z.int();
const cause = z
  .enum(['frozen', 'ended', 'paused', 'unhealthy', 'departed', 'port', 'line', 'rejects', 'stuck', 'silence'])
  .describe('what is wrong, which decides how it is healed');

/** All that a verdict rests on. What it holds depends on what was seen; what is not known is absent. */
const evidence = z
  .looseObject({
    silence: z.number().describe('since the last sign of life').exactOptional(),
    limits: z.looseObject({}).describe('what is usual, what is suspicious and what convicts').exactOptional(),
    probe: z
      .strictObject({ unanswered: z.number(), limit: z.number() })
      .describe('how long our question to the meter has been open, and how long is too long')
      .exactOptional(),
  })
  .describe('what it rests on; durations in ms, what is not known is absent');

const verdict = z.strictObject({
  state: z.enum(['learning', 'healthy', 'suspect', 'stalled', 'blind', 'held', 'recovering']),
  cause: cause.exactOptional(),
  sentence: z.string().describe('for a person'),
  evidence,
});

export const watchView = z
  .strictObject({
    name: z.string(),
    topics: z.array(z.string()),
    verdict,
    target: z.string().describe('what would be restarted, where anything may be').exactOptional(),
    heldUntil: time.describe('until when it is left alone').exactOptional(),
  })
  .meta({ id: 'Watch' });

const attempt = z.strictObject({
  at: time,
  rung: z.enum(['reopen', 'restart', 'reset-usb']),
  target: z.string(),
  result: z.enum(['begun', 'running', 'respected', 'failed']),
  detail: z.string(),
  steps: z.array(z.looseObject({})),
});

export const incidentView = z
  .strictObject({
    id: z.int(),
    watch: z.string(),
    began: time.describe('when the last sign of life before it came'),
    detected: time.describe('when it was judged a stall'),
    cause,
    verdict: z.string().describe('what convicted, in words'),
    evidence,
    tries: z.array(attempt).describe('to heal it, the oldest first'),
    help: z.strictObject({ at: time, why: z.string() }).describe('a person is needed').exactOptional(),
    firstMessage: time.exactOptional(),
    recovered: time.describe('when fresh messages had proved that it is over').exactOptional(),
    loss: z
      .strictObject({
        readings: z.number(),
        seconds: z.number().describe('without a stored reading'),
        energy: z.number().describe('kWh that nobody counted, an estimate'),
      })
      .exactOptional(),
    withdrawn: z.strictObject({ at: time, why: z.string() }).exactOptional(),
    partOf: z
      .strictObject({ id: z.int(), watch: z.string() })
      .describe(
        'the incident of the same target that was open before: one freeze stalls all meters of a process',
      )
      .exactOptional(),
    drill: z.literal(true).describe('somebody froze it on purpose').exactOptional(),
  })
  .meta({ id: 'Incident' });

export const momentView = z
  .strictObject({
    at: time,
    what: z.enum([
      'frozen',
      'suspected',
      'convicted',
      'healing',
      'restarted',
      'respected',
      'failed',
      'first message',
      'verified',
      'help needed',
      'gave up waiting',
    ]),
    detail: z.string(),
  })
  .meta({ id: 'Moment' });

export const demandView = z
  .strictObject({
    result: z.enum(['begun', 'refused', 'held', 'nothing-to-restart']),
    sentence: z.string().describe('why, for a person'),
  })
  .meta({ id: 'Demand' });

export const forgottenView = z
  .strictObject({ result: z.enum(['forgotten', 'online']), sentence: z.string() })
  .meta({ id: 'Forgotten' });
