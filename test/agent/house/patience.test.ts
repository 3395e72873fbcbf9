import test from 'ava';
import { oneByOne } from '../../../agent/house/patience.ts';
import { RetryError } from '../../../shared/errors.ts';
import { systemTime } from '../../../shared/time.ts';

/** Keeps the processor busy. */
function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** How many turns everyone else gets meanwhile. */
async function turnsDuring(works: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await works;
  isOver = true;
  return turns;
}

test('many long works leave everyone else a turn after each slice', async (t) => {
  const patiently = oneByOne(systemTime);
  const work = async (pause: () => Promise<void>) => {
    for (let piece = 0; piece < 20; piece += 1) {
      spin(1);
      await pause();
    }
  };
  const turns = await turnsDuring(Promise.all(Array.from({ length: 5 }, () => patiently(work))));
  t.true(turns >= 10, `100 ms of work in slices of 8 ms: ${turns} turns`);
});

test('so do many short works, which never pause', async (t) => {
  const patiently = oneByOne(systemTime);
  const works = Array.from({ length: 40 }, () => patiently(async () => spin(2)));
  const turns = await turnsDuring(Promise.all(works));
  t.true(turns >= 8, `80 ms of work in slices of 8 to 10 ms: ${turns} turns`);
});

test('works are done one after the other, and one that fails stops none', async (t) => {
  const patiently = oneByOne(systemTime);
  const done: string[] = [];
  const work = (name: string) => async () => {
    done.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    done.push(`${name} ends`);
    if (name === 'b') throw new Error('b fails');
    return name;
  };
  const [a, b, c] = await Promise.allSettled([
    patiently(work('a')),
    patiently(work('b')),
    patiently(work('c')),
  ]);
  t.like(a, { value: 'a' });
  t.like(b, { status: 'rejected' });
  t.like(c, { value: 'c' });
  t.deepEqual(done, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('more than may wait are refused, and let in again later', async (t) => {
  const patiently = oneByOne(systemTime);
  const go = Promise.withResolvers<void>();
  const waiting = Array.from({ length: 50 }, () => patiently(() => go.promise));
  t.throws(() => patiently(() => go.promise), { instanceOf: RetryError, message: /at most 50/ });
  go.resolve();
  await Promise.all(waiting);
  await t.notThrowsAsync(patiently(async () => {}));
});
