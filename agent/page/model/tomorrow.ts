const HOUR = 3_600_000;
/** The hour at which people are up again. */
const MORNING = 8;

/**
 * ms from now until eight o’clock of the next day, in the given IANA zone, whatever the clocks do in between.
 * @param now ms since 1970 UTC.
 */
export function untilTomorrow(now: number, zone: string | undefined): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    day: '2-digit',
    hourCycle: 'h23',
    ...(zone === undefined ? {} : { timeZone: zone }),
  });
  const at = (time: number) => {
    const parts = Object.fromEntries(
      format.formatToParts(time).map(({ type, value }) => [type, Number(value)]),
    );
    return { day: parts.day ?? 0, hour: parts.hour ?? 0, minute: parts.minute ?? 0 };
  };
  const today = at(now).day;
  const minutes = at(now).minute;
  // The beginning of this hour, then hour by hour.
  let time = now - minutes * 60_000 - (now % 60_000);
  for (let hours = 0; hours < 40; hours += 1, time += HOUR) {
    const { day, hour } = at(time);
    if (day !== today && hour >= MORNING) break;
  }
  return time - now;
}
