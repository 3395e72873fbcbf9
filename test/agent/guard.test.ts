import test, { type ExecutionContext } from 'ava';
import { Bulletin } from '../../agent/bulletin.ts';
import { guard } from '../../agent/guard.ts';
import type { HealReport } from '../../agent/heal/healer.ts';
import { AgentState } from '../../agent/state.ts';
import { Cadence } from '../../agent/watch/cadence.ts';
import { Watch } from '../../agent/watch/watch.ts';
import { GiveUpError, RetryError } from '../../shared/errors.ts';
import type { Reading } from '../../shared/wire.ts';
import { testReading } from '../support/readings.ts';
import { silentLog } from '../support/system.ts';
import { virtualTime } from '../support/virtual-time.ts';

const RUNNING: HealReport = {
  result: 'running',
  found: 'it was frozen',
  steps: [{ action: 'kill', tookMs: 5 }],
};
const CADENCE = 1200;

/**
 * A guarded meter on a virtual clock: it sends while it is `alive`. A heal revives it, when `helps`, or
 * does whatever `heal` does.
 */
function guarded(t: ExecutionContext, options: { heals?: boolean; state?: AgentState } = {}) {
  const time = virtualTime();
  const state = options.state ?? new AgentState(':memory:', silentLog);
  const bulletin = new Bulletin();
  const said: { topic: string; payload: string }[] = [];
  bulletin.attach({
    signal: new AbortController().signal,
    publish: async (topic, payload) => void said.push({ topic, payload }),
    subscribe: async () => {},
  });
  const watch = new Watch(new Cadence(Array<number>(100).fill(CADENCE)));
  watch.sighted(0);
  let latest: Reading | undefined;
  const meter = { alive: true, helps: true, heal: async (): Promise<HealReport> => RUNNING };
  const healedAt: number[] = [];
  const healer = {
    target: 'the meter',
    async heal() {
      healedAt.push(time.monotonic());
      const report = await meter.heal();
      if (meter.helps) meter.alive = true;
      return report;
    },
  };
  const stop = new AbortController();
  const running = guard(
    { name: 'main', watch, healer: options.heals === false ? undefined : healer, latest: () => latest },
    { state, bulletin, time, log: silentLog },
    stop.signal,
  );
  const end = async () => {
    stop.abort();
    await running;
  };
  t.teardown(end);
  return {
    time,
    state,
    watch,
    meter,
    healedAt,
    end,
    events: () =>
      said
        .filter(({ topic }) => topic === 'wattdog/agent/event')
        .map(({ payload }) => (JSON.parse(payload) as { event: string }).event),
    states: () =>
      said
        .filter(({ topic }) => topic === 'wattdog/agent/watch/main')
        .map(({ payload }) => (JSON.parse(payload) as { state: string }).state),
    /** Lets the meter go on for so long. */
    async pass(ms: number) {
      for (const until = time.monotonic() + ms; time.monotonic() < until; ) {
        await time.advance(CADENCE);
        if (!meter.alive) continue;
        latest = testReading((latest?.seq ?? 0) + 1, {
          time: new Date(time.now()).toISOString(),
          power: 1000,
        });
        watch.lives(time.monotonic());
      }
    },
  };
}

test('a healthy meter is left alone', async (t) => {
  const { pass, healedAt, states, events } = guarded(t);
  await pass(120_000);
  t.deepEqual(healedAt, []);
  t.deepEqual(states(), ['learning', 'healthy']);
  t.deepEqual(events(), []);
});

test('a silent one is healed once, verified by fresh readings, and the incident says what it cost', async (t) => {
  const { pass, meter, healedAt, states, events, state, time } = guarded(t);
  await pass(60_000);
  const last = time.now();
  meter.alive = false;
  await pass(30_000);
  await pass(10_000);
  t.is(healedAt.length, 1);
  t.deepEqual(states(), ['learning', 'healthy', 'suspect', 'stalled', 'recovering', 'healthy']);
  t.deepEqual(events(), ['stalled', 'restarted', 'recovered']);
  const [incident, ...more] = state.incidents(10);
  t.deepEqual(more, []);
  t.is(incident?.began, last);
  t.is(incident?.detected, last + 9750);
  t.is(incident?.verdict, 'silent for 9.8 s, usually 1.2 s, never over 9.6 s');
  t.deepEqual(incident?.tries, [
    {
      at: last + 9750,
      target: 'the meter',
      result: 'running',
      detail: 'it was frozen',
      steps: RUNNING.steps,
    },
  ]);
  t.deepEqual(incident?.loss, { readings: 8, seconds: 10.8, energy: 0.003 });
  t.is(incident?.recovered, last + 13_250);
});

test('a healer that does not help is asked less and less often', async (t) => {
  const { pass, meter, healedAt, state } = guarded(t);
  meter.helps = false;
  await pass(60_000);
  meter.alive = false;
  await pass(3_600_000);
  const waits = healedAt.map((at, index) => Math.round((at - (healedAt[index - 1] ?? at)) / 1000));
  // Not before the 30 s of grace after each restart.
  t.deepEqual(waits, [0, 30, 30, 120, 600, 1800]);
  t.is(state.incidents(10).length, 1, 'one incident');
  t.is(state.incidents(1)[0]?.tries.length, 6);
  t.is(state.incidents(1)[0]?.recovered, undefined);
});

test('an obstacle that passes spends no attempt and is recorded once', async (t) => {
  const { pass, meter, healedAt, state, events } = guarded(t);
  meter.helps = false;
  meter.heal = async () => {
    throw new RetryError('asking the engine: connection refused');
  };
  await pass(60_000);
  meter.alive = false;
  await pass(60_000);
  const tries = healedAt.length;
  t.true(tries >= 9, `${tries} tries`);
  t.is(state.incidents(1)[0]?.tries.length, 1);
  meter.heal = async () => RUNNING;
  meter.helps = true;
  await pass(30_000);
  t.is(healedAt.length, tries + 1);
  t.deepEqual(events(), ['stalled', 'failed', 'restarted', 'recovered']);
});

test('what only a person can mend is tried by the ladder, and recorded', async (t) => {
  const { pass, meter, healedAt, state } = guarded(t);
  meter.helps = false;
  meter.heal = async () => {
    throw new GiveUpError('finding the container: there is none');
  };
  await pass(60_000);
  meter.alive = false;
  await pass(60_000);
  t.is(healedAt.length, 3, 'at once, after 10 s, after 30 s');
  t.like(state.incidents(1)[0]?.tries[0], {
    result: 'failed',
    detail: 'finding the container: there is none',
  });
});

test('a target that was stopped on purpose is not waited for, and its return closes the incident', async (t) => {
  const { pass, meter, events } = guarded(t);
  meter.helps = false;
  meter.heal = async () => ({ result: 'respected', found: 'it was stopped by hand', steps: [] });
  await pass(60_000);
  meter.alive = false;
  await pass(15_000);
  meter.alive = true;
  await pass(5000);
  t.deepEqual(events(), ['stalled', 'respected', 'recovered']);
});

test('without a healer a stall is told and nothing else', async (t) => {
  const { pass, meter, states, events, state } = guarded(t, { heals: false });
  await pass(60_000);
  meter.alive = false;
  await pass(60_000);
  meter.alive = true;
  await pass(10_000);
  t.deepEqual(states(), ['learning', 'healthy', 'suspect', 'stalled', 'healthy']);
  t.deepEqual(events(), ['stalled', 'recovered']);
  t.deepEqual(state.incidents(1)[0]?.tries, []);
});

test('who is blind never heals', async (t) => {
  const { pass, meter, watch, healedAt, time } = guarded(t);
  await pass(60_000);
  watch.blinded('no session with the broker');
  meter.alive = false;
  await pass(600_000);
  t.deepEqual(healedAt, []);
  watch.sighted(time.monotonic());
  await pass(28_800);
  t.deepEqual(healedAt, []);
  await pass(2000);
  t.is(healedAt.length, 1);
});

test('a pause of our own that was not noticed yet convicts nobody', async (t) => {
  const { pass, watch, healedAt, time, states } = guarded(t);
  await pass(60_000);
  // As after SIGCONT: the guard's timer fires first, what notices the pause in the same turn of the loop.
  const silence = time.monotonic() + 20_000;
  const judge = watch.judge.bind(watch);
  watch.judge = (at) => {
    const verdict = judge(at);
    if (verdict.state === 'stalled') setImmediate(() => watch.stoodStill(20_000, silence));
    return verdict;
  };
  await time.advance(20_000);
  t.deepEqual(healedAt, []);
  t.false(states().includes('stalled'));
});

test('a disk that takes no record does not keep it from healing', async (t) => {
  const state = new AgentState(':memory:', silentLog);
  const { pass, meter, healedAt, states, end } = guarded(t, { state });
  await pass(60_000);
  state.close();
  meter.alive = false;
  await pass(40_000);
  t.is(healedAt.length, 1);
  t.is(states().at(-1), 'healthy');
  await t.notThrowsAsync(end());
});

test('the cadence is kept for the next process', async (t) => {
  const { pass, state, end } = guarded(t);
  await pass(70_000);
  t.true(state.cadence('main').length > 100, 'each minute');
  await end();
  t.true(state.cadence('main').length >= 155, 'and at the end');
});
