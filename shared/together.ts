/**
 * Runs tasks side by side until all have ended. When one fails, the others are told to stop and are
 * waited for, and then its error is thrown: nothing goes on half.
 */
export async function together(
  signal: AbortSignal,
  ...tasks: ((signal: AbortSignal) => Promise<void>)[]
): Promise<void> {
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  const run = async (task: (signal: AbortSignal) => Promise<void>) => {
    try {
      await task(all);
    } catch (error) {
      failures.push(error);
      stop.abort(error);
    }
  };
  await Promise.all(tasks.map(run));
  if (failures.length > 0) throw failures[0];
}
