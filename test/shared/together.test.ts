import test from 'ava';
import { together } from '../../shared/together.ts';

const stopped = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

test('when one fails, the others are stopped and waited for, and its error is thrown', async (t) => {
  const events: string[] = [];
  const running = together(
    new AbortController().signal,
    async (signal) => {
      await stopped(signal);
      await new Promise((resolve) => setImmediate(resolve));
      events.push('the other tidied up');
      throw new Error('failed while stopping');
    },
    async () => {
      await Promise.resolve();
      throw new Error('failed first');
    },
  );
  await t.throwsAsync(running, { message: 'failed first' });
  t.deepEqual(events, ['the other tidied up']);
});

test('one that ends leaves the others running until the signal aborts', async (t) => {
  const stop = new AbortController();
  let ended = 0;
  const running = together(
    stop.signal,
    async () => {
      ended += 1;
    },
    async (signal) => {
      await stopped(signal);
      ended += 1;
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  t.is(ended, 1);
  stop.abort();
  await running;
  t.is(ended, 2);
});
