import { GiveUpError } from '../shared/errors.ts';

const AGO = /^(\d+(?:\.\d+)?)(s|m|h|d)$/;
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * A moment as people write it, in ms since 1970 UTC: `2026-11-01` and `2026-11-01T14:30` in local time,
 * `2026-11-01T13:30Z`, or `7d` for that long before `now`.
 * @throws GiveUpError with exit code 2.
 */
export function parseMoment(option: string, text: string, now: number): number {
  const [, amount, unit] = AGO.exec(text) ?? [];
  if (amount !== undefined) return now - Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  // A bare date would be UTC, and a date with a time local.
  const moment = DATE.test(text) ? Date.parse(text.includes('T') ? text : `${text}T00:00`) : Number.NaN;
  if (Number.isNaN(moment) || !isDay(text.slice(0, 10)))
    throw new GiveUpError(
      `reading the command line: --${option} must be a moment such as 2026-11-01, 2026-11-01T14:30 or 7d, got ${text}`,
      2,
    );
  return moment;
}

/** Whether the calendar has it: of 2026-02-30, JavaScript makes the 2nd of March. */
function isDay(date: string): boolean {
  return new Date(`${date}T00:00Z`).toISOString().startsWith(date);
}

/** `2026-11-01 14:30:00` in local time. */
export function showMoment(ms: number): string {
  return new Date(ms).toLocaleString('sv-SE');
}

/** `2 d 3 h`, `1 h 5 min`, `2 min 35 s`, `1.2 s`: the two largest units. */
export function showDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const units = { d: 86_400, h: 3600, min: 60, s: 1 };
  let left = Math.round(seconds);
  const parts: string[] = [];
  for (const [name, size] of Object.entries(units)) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0 || parts.length > 0) parts.push(count > 0 ? `${count} ${name}` : '');
  }
  return parts.slice(0, 2).filter(Boolean).join(' ');
}
