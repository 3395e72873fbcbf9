import type * as z from 'zod';

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
  const [issue] = parsed.error.issues;
  const path = issue?.path ?? [];
  const received = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], value);
  const where = path.length > 0 ? `${path.join('.')}: ` : '';
  throw new Refusal(400, `${action}: ${where}${issue?.message}, got ${shown(received)}`);
}

/** A value as a message shows it: short, on one line. */
export function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? 'nothing';
}
