import test from 'ava';
import { every, systemTime } from '../../shared/time.ts';
import { virtualTime } from '../support/virtual-time.ts';

test('a sleep ends at once with its signal, and says why', async (t) => {
  const stop = new AbortController();
  const sleeping = systemTime.sleep(60_000, stop.signal);
  stop.abort(new Error('enough'));
  await t.throwsAsync(sleeping, { message: 'enough' });
  await t.throwsAsync(systemTime.sleep(60_000, stop.signal), { message: 'enough' });
  await t.notThrowsAsync(systemTime.sleep(1, new AbortController().signal));
});

test('a tick that is still running delays the next one', async (t) => {
  const time = virtualTime();
  const stop = new AbortController();
  const begun: number[] = [];
  const ticking = every(100, time, stop.signal, async () => {
    begun.push(time.monotonic());
    if (begun.length === 2) await time.sleep(250, stop.signal);
  });
  await time.advance(600);
  stop.abort();
  await ticking;
  t.deepEqual(begun, [0, 100, 450, 550]);
});

test('a tick that fails ends it', async (t) => {
  const ticking = every(100, virtualTime(), new AbortController().signal, () => {
    throw new Error('broken');
  });
  await t.throwsAsync(ticking, { message: 'broken' });
});
