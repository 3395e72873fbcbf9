/**
 * HTTP's `Retry-After` as milliseconds from `now` (wall clock, ms since 1970 UTC), 0 at least: seconds, with a
 * fraction where a service likes one, or an HTTP date; undefined when it is neither.
 */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
