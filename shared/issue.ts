import type * as z from 'zod';

/** The first rule that a value breaks, where, and what came instead. */
export function issueOf(error: z.ZodError, value: unknown): string {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const received = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], value);
  const where = path.length > 0 ? `${path.join('.')}: ` : '';
  return `${where}${issue?.message}, got ${shown(received)}`;
}

/** A value as a message shows it: short, on one line. */
export function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? 'nothing';
}
