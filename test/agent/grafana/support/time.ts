/** Grafana’s times: what its expressions mean, and the steps it asks in. */
import { Temporal } from 'temporal-polyfill';

/** ms since 1970 UTC. */
export interface Range {
  from: number;
  to: number;
}

export interface Clock {
  now: number;
  zone: string;
}

const UNITS = { m: 'minutes', h: 'hours', d: 'days', M: 'months' } as const;
const ROUNDED = { d: 'day', M: 'month' } as const;

/** `now`, `now-30d/d`; of another time than now, `-1d/d`. @param up rounds to the end of the unit. */
export function moment(expression: string, { now, zone }: Clock, up = false): number {
  const match = /^(?:now)?(?:-(\d+)([mhdM]))?(?:\/([dM]))?$/.exec(expression);
  if (match === null) throw new Error(`no time that is understood here: ${expression}`);
  const [, count = '0', unit = 'd', rounded] = match;
  let time = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone);
  time = time.subtract({ [UNITS[unit as keyof typeof UNITS]]: Number(count) });
  if (rounded !== undefined) {
    const name = ROUNDED[rounded as keyof typeof ROUNDED];
    time = (name === 'month' ? time.with({ day: 1 }) : time).startOfDay();
    if (up) time = time.add({ [`${name}s`]: 1 }).subtract({ milliseconds: 1 });
  }
  return time.epochMilliseconds;
}

/** The time range of a panel: the dashboard’s, or its own, moved where it says so. */
export function rangeOf(
  { timeFrom, timeShift }: { timeFrom?: string; timeShift?: string },
  dashboard: { from: string; to: string },
  clock: Clock,
): Range {
  const from = moment(timeFrom ?? dashboard.from, clock);
  const to = moment(timeFrom === undefined ? dashboard.to : 'now', clock, true);
  if (timeShift === undefined) return { from, to };
  const shifted = (now: number, up: boolean) => moment(`-${timeShift}`, { ...clock, now }, up);
  return { from: shifted(from, false), to: shifted(to, true) };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Below each limit, in ms, the step is that; as Grafana rounds from one second on. */
const ROUND: [below: number, step: number][] = [
  [1.5 * SECOND, SECOND],
  [3.5 * SECOND, 2 * SECOND],
  [7.5 * SECOND, 5 * SECOND],
  [12.5 * SECOND, 10 * SECOND],
  [17.5 * SECOND, 15 * SECOND],
  [25 * SECOND, 20 * SECOND],
  [45 * SECOND, 30 * SECOND],
  [90 * SECOND, MINUTE],
  [3.5 * MINUTE, 2 * MINUTE],
  [7.5 * MINUTE, 5 * MINUTE],
  [12.5 * MINUTE, 10 * MINUTE],
  [17.5 * MINUTE, 15 * MINUTE],
  [25 * MINUTE, 20 * MINUTE],
  [45 * MINUTE, 30 * MINUTE],
  [1.5 * HOUR, HOUR],
  [2.5 * HOUR, 2 * HOUR],
  [4.5 * HOUR, 3 * HOUR],
  [9 * HOUR, 6 * HOUR],
  [DAY, 12 * HOUR],
  [7 * DAY, DAY],
];

/** ms. @param least of the panel or of the data source, such as `15m`. */
export function stepOf({ from, to }: Range, points: number, least: string): number {
  const raw = (to - from) / points;
  const rounded = ROUND.find(([below]) => raw < below)?.[1] ?? 7 * DAY;
  return Math.max(rounded, msOf(least));
}

function msOf(duration: string): number {
  const unit = { s: SECOND, m: MINUTE, h: HOUR, d: DAY }[duration.slice(-1)];
  return Number(duration.slice(0, -1)) * (unit ?? Number.NaN);
}

/** Such as `15m`. */
export function shown(ms: number): string {
  for (const [unit, length] of [
    ['d', DAY],
    ['h', HOUR],
    ['m', MINUTE],
    ['s', SECOND],
  ] as const)
    if (ms % length === 0) return `${ms / length}${unit}`;
  return `${ms}ms`;
}
