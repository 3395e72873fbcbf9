import test from 'ava';
import { Live } from '../../../agent/doors/live.ts';
import type { LiveEvent } from '../../../agent/doors/queries.ts';
import { RetryError } from '../../../shared/errors.ts';
import { testReading } from '../../support/readings.ts';

const reading = (seq: number): LiveEvent => ({
  event: 'reading',
  data: { meter: 'main', reading: testReading(seq) },
});
const stores: LiveEvent = { event: 'stores', data: [] };

test('everyone is told the state first, then what happens', async (t) => {
  const live = new Live(() => [stores, reading(1)]);
  const stop = new AbortController();
  const first = live.listen(stop.signal);
  t.deepEqual((await first.next()).value, stores);
  // What happens before the state is read is not missed.
  live.tell(reading(2));
  const second = live.listen(stop.signal);
  t.deepEqual((await second.next()).value, stores);
  live.tell(reading(3));
  for (const seq of [1, 2, 3]) t.deepEqual((await first.next()).value, reading(seq));
  for (const seq of [1, 3]) t.deepEqual((await second.next()).value, reading(seq));
  const last = first.next();
  stop.abort();
  t.true((await last).done);
});

test('the same watch, incident or list is told as it is now', async (t) => {
  const live = new Live(() => [stores]);
  const listener = live.listen(new AbortController().signal);
  await listener.next();
  const watch = (name: string, sentence: string): LiveEvent => ({
    event: 'watch',
    data: { name, topics: [], verdict: { state: 'healthy', sentence, evidence: {} } },
  });
  for (const event of [watch('a', 'old'), watch('b', 'old'), watch('a', 'new'), stores, stores])
    live.tell(event);
  for (const event of [watch('b', 'old'), watch('a', 'new'), stores])
    t.deepEqual((await listener.next()).value, event);
  await listener.return(undefined);
});

test('more listeners than may be are refused; one that leaves makes room', async (t) => {
  const live = new Live(() => [stores]);
  const stop = new AbortController();
  const listeners = Array.from({ length: 50 }, () => live.listen(stop.signal));
  await Promise.all(listeners.map((listener) => listener.next()));
  const listen = () => live.listen(stop.signal).next();
  await t.throwsAsync(listen, { instanceOf: RetryError, message: /at most 50/ });
  await listeners[0]?.return(undefined);
  await t.notThrowsAsync(listen);
  stop.abort();
  await t.notThrowsAsync(() => live.listen(new AbortController().signal).next(), 'none of them reads on');
});
