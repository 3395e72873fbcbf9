import { Temporal } from 'temporal-polyfill';
import { DAY_MS } from './calendar.ts';
import { remembered } from './remembered.ts';

/** Times are milliseconds since 1970 UTC, days are numbered from 1970-01-01. */
export interface LocalClock {
  /** The stretch that holds `time`, in which local clocks are `offset` ms ahead of UTC. */
  stretchAt(time: number): { from: number; to: number; offset: number };
  /** The local day that holds `time`. */
  dayAt(time: number): { from: number; to: number; day: number };
  /** The first moment whose local date is `day` or, in a zone that skipped it, later. */
  startOf(day: number): number;
}

/** No zone is further from UTC, and none skips more than a day. */
const FARTHEST = 2 * DAY_MS;

/** @param zone an IANA time zone. */
export function createLocalClock(zone: string): LocalClock {
  const stretchAt = remembered((time) => {
    const moment = Temporal.Instant.fromEpochMilliseconds(Math.floor(time)).toZonedDateTimeISO(zone);
    // The one before is sought strictly before; one that is now is where the stretch begins.
    const from = moment.add({ milliseconds: 1 }).getTimeZoneTransition('previous');
    const to = moment.getTimeZoneTransition('next');
    return {
      from: from?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
      to: to?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
      offset: moment.offsetNanoseconds / 1_000_000,
    };
  });
  const startOf = (day: number) => {
    const midnight = day * DAY_MS;
    let stretch = stretchAt(midnight - FARTHEST);
    while (midnight - stretch.offset >= stretch.to) stretch = stretchAt(stretch.to);
    return Math.max(stretch.from, midnight - stretch.offset);
  };
  const dayAt = remembered((time) => {
    const date = Math.floor((time + stretchAt(time).offset) / DAY_MS);
    // Clocks set back over a midnight come to it twice; the day has begun at the first.
    const day = startOf(date + 1) <= time ? date + 1 : date;
    return { from: startOf(day), to: startOf(day + 1), day };
  });
  return { stretchAt, dayAt, startOf };
}
