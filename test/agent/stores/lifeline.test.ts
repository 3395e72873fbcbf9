import { once } from 'node:events';
import test from 'ava';
import { awaitReturn } from '../../../agent/stores/lifeline.ts';
import { until } from '../../support/system.ts';

/** Knocks are answered, or not, as `answers` says; how many there were. */
function knocker(answers: (knock: number) => boolean) {
  const knocks = { count: 0 };
  const knock = async (signal: AbortSignal) => {
    knocks.count += 1;
    if (!answers(knocks.count)) await Promise.reject(await once(signal, 'abort'));
  };
  return { knocks, knock };
}

test('a request is lost when the store was beyond reach and answers again', async (t) => {
  const answered = new AbortController();
  const { knocks, knock } = knocker((count) => count > 3);
  const lost = awaitReturn(knock, answered.signal);
  await until('the verdict', 10_000, () => lost.aborted);
  t.is(knocks.count, 4);
});

test('a store that is slow, and one that misses a question now and then, is waited for', async (t) => {
  const answered = new AbortController();
  const { knocks, knock } = knocker((count) => count % 2 === 0);
  const lost = awaitReturn(knock, answered.signal);
  await until('some questions', 20_000, () => knocks.count >= 5);
  t.false(lost.aborted);
  answered.abort();
});

test('nothing is asked after the answer', async (t) => {
  const answered = new AbortController();
  const { knocks, knock } = knocker(() => false);
  awaitReturn(knock, answered.signal);
  await until('a question', 10_000, () => knocks.count === 1);
  answered.abort();
  await new Promise((resolve) => setTimeout(resolve, 700));
  t.is(knocks.count, 1);
});
