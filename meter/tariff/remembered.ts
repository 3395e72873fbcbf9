/**
 * Finds anew only for a time outside of what was found last: a meter asks for the same stretch of time
 * thousands of times before the next one.
 */
export function remembered<T extends { from: number; to: number }>(
  find: (time: number) => T,
): (time: number) => T {
  let last: T | undefined;
  return (time) => {
    if (last === undefined || time < last.from || time >= last.to) last = find(time);
    return last;
  };
}
