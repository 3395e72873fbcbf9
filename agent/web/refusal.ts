import type * as z from 'zod';
import { issueOf } from '../../shared/issue.ts';

/** A request that is not carried out, with the HTTP status that says so. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** @throws Refusal 400 that names the first broken rule and the value received. */
export function checked<T>(schema: z.ZodType<T>, value: unknown, action: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Refusal(400, `${action}: ${issueOf(parsed.error, value)}`);
}
