import test from 'ava';
import type { Healer, HealReport } from '../../../agent/heal/healer.ts';
import { sharedHealers } from '../../../agent/heal/shared.ts';
import { RetryError } from '../../../shared/errors.ts';
import { virtualTime } from '../../support/virtual-time.ts';

const NOW = new AbortController().signal;
const HOW = { frozen: true };

/** One target, how often it was brought back, and what ends the attempt that goes on. */
function target() {
  const time = virtualTime();
  let heals = 0;
  let attempt = Promise.withResolvers<HealReport>();
  const healer: Healer = {
    target: 'child process meter',
    async heal() {
      heals += 1;
      attempt = Promise.withResolvers();
      return attempt.promise;
    },
    examine: async () => undefined,
    freeze: async () => '',
  };
  return {
    time,
    healer,
    share: sharedHealers(time),
    heals: () => heals,
    done: () =>
      attempt.resolve({ result: 'running', found: 'it hung', steps: [{ action: 'kill', tookMs: 1 }] }),
    fail: (error: Error) => attempt.reject(error),
  };
}

test('a target that two watches convict at once is brought back once, and both know', async (t) => {
  const { share, healer, heals, done } = target();
  const [one, other] = [share('a', healer), share('b', healer)];
  const reports = [one.heal(HOW, NOW), other.heal(HOW, NOW)];
  done();
  const [first, second] = await Promise.all(reports);
  t.is(heals(), 1);
  t.is(first?.steps.length, 1);
  t.like(second, { result: 'running', steps: [] });
});

test('it is not brought back again for a watch that convicts it a moment later', async (t) => {
  const { time, share, healer, heals, done } = target();
  const [one, other] = [share('a', healer), share('b', healer)];
  const first = one.heal(HOW, NOW);
  done();
  await first;
  await time.advance(9000);
  t.deepEqual((await other.heal(HOW, NOW)).steps, []);
  t.is(heals(), 1);
  await time.advance(1001);
  const later = other.heal(HOW, NOW);
  done();
  t.is((await later).steps.length, 1);
  t.is(heals(), 2);
});

test('a watch may have its own target brought back as often as it likes', async (t) => {
  const { share, healer, heals, done } = target();
  const only = share('a', healer);
  for (let round = 1; round <= 3; round += 1) {
    const heal = only.heal(HOW, NOW);
    done();
    await heal;
    t.is(heals(), round);
  }
});

test('what fails for one fails for whoever waits with it, and may be tried again at once', async (t) => {
  const { share, healer, heals, fail, done } = target();
  const [one, other] = [share('a', healer), share('b', healer)];
  const both = [one.heal(HOW, NOW), other.heal(HOW, NOW)];
  fail(new RetryError('the engine is away'));
  for (const heal of both) await t.throwsAsync(heal, { message: 'the engine is away' });
  const again = other.heal(HOW, NOW);
  done();
  t.is((await again).steps.length, 1);
  t.is(heals(), 2);
});

test('a watch that comes anew does not make its target a shared one', (t) => {
  const { share, healer } = target();
  const one = share('a', healer);
  t.false(share('a', healer).isShared?.());
  share('b', healer);
  t.true(one.isShared?.());
});
