import * as z from 'zod';

const refusal = z
  .strictObject({ error: z.string().describe('the action, the rule that was broken and the value received') })
  .meta({ id: 'Refusal' });

/** How every route answers what it does not carry out. */
export const refusals = { '4xx': refusal, '5xx': refusal };
