import { getEventListeners } from 'node:events';
import test from 'ava';
import { Notifier } from '../../shared/notifier.ts';
import { virtualTime } from '../support/virtual-time.ts';

test('everyone who waits is woken, and only once', async (t) => {
  const notifier = new Notifier();
  const { signal } = new AbortController();
  let woken = 0;
  const waiting = [1, 2].map(() => notifier.next(signal).then(() => woken++));
  notifier.notify();
  await Promise.all(waiting);
  t.is(woken, 2);
  const late = notifier.next(signal).then(() => 'late');
  t.is(await Promise.race([late, Promise.resolve('still waiting')]), 'still waiting');
  notifier.notify();
  t.is(await late, 'late');
});

test('a wait ends with its time, its signal or a notice, and leaves nothing behind', async (t) => {
  const time = virtualTime();
  const notifier = new Notifier();
  const stop = new AbortController();

  const timed = notifier.wait(1000, time, stop.signal);
  await time.advance(1000);
  await timed;

  const noticed = notifier.wait(1000, time, stop.signal);
  notifier.notify();
  await noticed;

  const stopped = [notifier.wait(1000, time, stop.signal), notifier.next(stop.signal)];
  stop.abort();
  await Promise.all(stopped);
  await notifier.wait(1000, time, stop.signal);
  await notifier.next(stop.signal);
  t.is(getEventListeners(stop.signal, 'abort').length, 0);
});
