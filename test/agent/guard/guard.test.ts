import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { detect } from '../../../agent/guard/detector.ts';
import { drill } from '../../../agent/guard/drill.ts';
import { Guard } from '../../../agent/guard/guard.ts';
import { Incidents } from '../../../agent/guard/incidents.ts';
import { longestLoss } from '../../../agent/guard/loss.ts';
import type { HealReport } from '../../../agent/heal/healer.ts';
import { AgentState } from '../../../agent/state.ts';
import { Observer } from '../../../agent/watch/observer.ts';
import type { ContainerEvidence, Verdict } from '../../../agent/watch/verdict.ts';
import { Watch } from '../../../agent/watch/watch.ts';
import { GiveUpError, RetryError } from '../../../shared/errors.ts';
import type { Log } from '../../../shared/log.ts';
import type { Reading } from '../../../shared/wire.ts';
import { testReading } from '../../support/readings.ts';
import { silentLog } from '../../support/system.ts';
import { type VirtualTime, virtualTime } from '../../support/virtual-time.ts';

const RUNNING: HealReport = {
  result: 'running',
  found: 'it was frozen',
  steps: [{ action: 'kill', tookMs: 5 }],
};
const CADENCE = 1200;

/**
 * A guarded meter on a virtual clock: it sends while it is `alive`, and answers probes when it `answers`. A
 * heal revives it, when `helps`, or does whatever `heal` does.
 */
function guarded(
  t: ExecutionContext,
  options: { heals?: boolean; own?: boolean; state?: AgentState; time?: VirtualTime; log?: Log } = {},
) {
  const time = options.time ?? virtualTime();
  const state = options.state ?? new AgentState(':memory:', silentLog);
  const events: string[] = [];
  const verdicts: Verdict[] = [];
  const observer = new Observer();
  observer.connected();
  const watch = new Watch({ gaps: Array<number>(100).fill(CADENCE) });
  const readings: Reading[] = [];
  const meter = {
    alive: true,
    answers: false,
    /** Whether its line brings anything; its process turns all the same. */
    hears: true,
    /** Of its process, as ps has it. */
    state: 'S',
    /** Why it has no port. */
    trouble: undefined as string | undefined,
    helps: true,
    heal: async (_signal: AbortSignal): Promise<HealReport> => RUNNING,
  };
  let looks = 0;
  const healedAt: number[] = [];
  const asked: string[] = [];
  const healer = {
    target: 'the meter',
    async heal({ frozen }: { frozen: boolean }, signal: AbortSignal) {
      asked.push(frozen ? 'kill' : 'restart');
      healedAt.push(time.monotonic());
      const report = await meter.heal(signal);
      if (meter.helps) meter.alive = true;
      return report;
    },
    async examine() {
      looks += 1;
      return meter.state === 'T' ? 'process 7 (node) is stopped (state T)' : undefined;
    },
    async freeze() {
      meter.alive = false;
      return 'stopped';
    },
  };
  const incidents = new Incidents(state, (event) => events.push(event), silentLog);
  const stop = new AbortController();
  const guard = new Guard(
    {
      name: 'main',
      topics: ['x'],
      watch,
      healer: options.heals === false ? undefined : healer,
      reopen: options.own ? async () => void asked.push('reopen') : undefined,
      lossSince: (began) =>
        longestLoss(
          readings.filter(({ time: at }) => Date.parse(at) >= began - 10_000),
          CADENCE,
        ),
    },
    { incidents, post: (verdict) => verdicts.push(verdict), time, log: options.log ?? silentLog },
    stop.signal,
  );
  const answer = (probe: string) => {
    const { trouble } = meter;
    const quiet = (time.now() - Date.parse(readings.at(-1)?.time ?? '')) / 1000;
    return {
      probe,
      rejects: 0,
      ...(trouble ? { port: 'opening' as const, trouble } : { port: 'open' as const, quiet }),
    };
  };
  let hold: string | undefined;
  let canary = 0;
  let sees = true;
  let beats = 0;
  const running = detect(
    { observer, guards: () => [guard], holdOf: () => hold, beat: () => (beats += 1), time },
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
    incidents,
    guard,
    watch,
    meter,
    healedAt,
    asked,
    events,
    end,
    beats: () => beats,
    looks: () => looks,
    /** But for the first moment, in which it cannot see yet. */
    states: () => verdicts.slice(1).map(({ state }) => state),
    causes: () => verdicts.filter((verdict) => verdict.state === 'stalled').map(({ cause }) => cause),
    hold(why: string | undefined) {
      hold = why;
    },
    blind(isBlind: boolean) {
      sees = !isBlind;
    },
    sees: (evidence: Partial<ContainerEvidence>) =>
      watch.sees({ name: 'meter-1', status: 'running', ...evidence }, time.monotonic()),
    /** Lets the meter go on for so long. */
    async pass(ms: number) {
      for (const until = time.monotonic() + ms; time.monotonic() < until; ) {
        for (let left = CADENCE; left > 0; left -= 300) {
          const at = time.monotonic();
          canary += 1;
          if (meter.answers) watch.probe.asked(String(canary), at);
          observer.sent(canary, at);
          if (sees) observer.returned(canary, at);
          if (meter.answers && meter.alive) watch.answered(answer(String(canary)), at);
          await time.advance(300);
        }
        if (!meter.alive || !meter.hears) continue;
        readings.push(
          testReading(readings.length + 1, { time: new Date(time.now()).toISOString(), power: 1000 }),
        );
        watch.lives(time.monotonic());
      }
    },
  };
}

test('a healthy meter is left alone', async (t) => {
  const { pass, healedAt, states, events } = guarded(t);
  await pass(120_000);
  t.deepEqual(healedAt, []);
  t.deepEqual(states(), ['healthy']);
  t.deepEqual(events, []);
});

test('a silent one is healed once, verified by fresh readings, and the incident says what it cost', async (t) => {
  const { pass, meter, healedAt, states, events, state, time } = guarded(t);
  await pass(60_000);
  const last = time.now();
  meter.alive = false;
  await pass(30_000);
  await pass(10_000);
  t.is(healedAt.length, 1);
  t.deepEqual(states(), ['healthy', 'suspect', 'stalled', 'recovering', 'healthy']);
  t.deepEqual(events, ['stalled', 'restarted', 'recovered']);
  const [incident, ...more] = state.incidents(10);
  t.deepEqual(more, []);
  t.is(incident?.began, last);
  t.is(incident?.detected, last + 9600);
  t.is(incident?.verdict, 'silent for 9.6 s, usually 1.2 s, never over 9.6 s');
  t.deepEqual(incident?.tries, [
    {
      at: last + 9600,
      rung: 'restart',
      target: 'the meter',
      result: 'running',
      detail: 'it was frozen',
      steps: RUNNING.steps,
    },
  ]);
  t.deepEqual(incident?.loss, { readings: 7, seconds: 9.6, energy: 0.002667 });
  t.is(incident?.recovered, last + 12_100);
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
  t.deepEqual(events, ['stalled', 'failed', 'restarted', 'recovered']);
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
  t.deepEqual(events, ['stalled', 'respected', 'recovered']);
});

test('without a healer a stall is told and nothing else', async (t) => {
  const { pass, meter, states, events, state } = guarded(t, { heals: false });
  await pass(60_000);
  meter.alive = false;
  await pass(60_000);
  meter.alive = true;
  await pass(10_000);
  // After a silence that was long for so young a watch, it has to learn anew what is usual.
  t.deepEqual(states(), ['healthy', 'suspect', 'stalled', 'learning']);
  t.deepEqual(events, ['stalled', 'recovered']);
  t.deepEqual(state.incidents(1)[0]?.tries, []);
});

test('who is blind never heals', async (t) => {
  const { pass, meter, blind, healedAt, states } = guarded(t);
  await pass(60_000);
  blind(true);
  await pass(2400);
  meter.alive = false;
  await pass(600_000);
  t.deepEqual(healedAt, []);
  t.is(states().at(-1), 'blind');
  blind(false);
  await pass(28_800);
  t.deepEqual(healedAt, [], 'publishers need time to come back');
  await pass(3600);
  t.is(healedAt.length, 1);
});

test('a pause of our own convicts nobody', async (t) => {
  const { pass, healedAt, time, states, meter } = guarded(t);
  meter.answers = true;
  await pass(60_000);
  // As after SIGCONT: the loop that judges comes before what was sent meanwhile.
  const { monotonic } = time;
  let asleep = 0;
  time.monotonic = () => monotonic() + asleep;
  asleep = 3_600_000;
  await time.advance(100);
  t.deepEqual(healedAt, []);
  await pass(60_000);
  t.deepEqual(healedAt, []);
  t.deepEqual(states(), ['healthy']);
});

for (const cadence of [1200, 60_000])
  test(`a process that does not answer is convicted within 3 s, at a cadence of ${cadence} ms, and killed`, async (t) => {
    const { pass, meter, states, causes, asked, state, time, watch } = guarded(t);
    for (let gap = 0; gap < 1000; gap += 1) watch.cadence.learn(cadence, 0);
    meter.answers = true;
    await pass(12_000);
    const frozen = time.now();
    meter.alive = false;
    await pass(3600);
    t.deepEqual(asked, ['kill']);
    t.deepEqual(causes(), ['frozen']);
    t.true(states().includes('suspect'));
    const [incident] = state.incidents(1);
    const tookMs = (incident?.detected ?? 0) - frozen;
    t.true(tookMs >= 1700 && tookMs <= 3000, `${tookMs} ms`);
    t.regex(incident?.verdict ?? '', /^its process has not answered for 2\.\d s$/);
    t.like(incident?.evidence.probe, { limit: 2000 });
  });

test('a process that does not answer is looked at, and convicted at once when it is stopped', async (t) => {
  const { pass, meter, asked, state, time, looks } = guarded(t);
  meter.answers = true;
  await pass(12_000);
  t.is(looks(), 0, 'nobody looks at whoever answers');
  const frozen = time.now();
  meter.alive = false;
  meter.state = 'T';
  await pass(1200);
  t.deepEqual(asked, ['kill']);
  const [incident] = state.incidents(1);
  t.true((incident?.detected ?? 0) - frozen <= 1000, `${(incident?.detected ?? 0) - frozen} ms`);
  t.regex(
    incident?.verdict ?? '',
    /^its process has not answered for 0\.\d s: process 7 \(node\) is stopped \(state T\)$/,
  );
});

test('a slow-down of everything around us makes us patient with a process that does not answer', async (t) => {
  const { pass, meter, asked, time } = guarded(t);
  meter.answers = true;
  await pass(12_000);
  // The machine gives us no more than a turn a second.
  const { monotonic } = time;
  let slow = 0;
  time.monotonic = () => monotonic() + slow;
  meter.alive = false;
  for (let turn = 0; turn < 4; turn += 1) {
    slow += 700;
    await time.advance(100);
  }
  t.deepEqual(asked, []);
  await pass(3600);
  t.deepEqual(asked, ['kill'], 'but not for ever');
});

test('a silent line: the port is opened again, then the process is started again, then a person is asked', async (t) => {
  const { pass, meter, asked, events, causes, state } = guarded(t, { own: true });
  meter.answers = true;
  await pass(60_000);
  meter.hears = false;
  await pass(10_800);
  t.deepEqual(asked, ['reopen']);
  t.deepEqual(causes(), ['line']);
  t.is(
    state.incidents(1)[0]?.verdict,
    'silent for 9.6 s, usually 1.2 s, never over 9.6 s; its process answers, but its line is quiet',
  );
  await pass(31_000);
  t.deepEqual(asked, ['reopen', 'restart']);
  await pass(3_600_000);
  t.deepEqual(asked, ['reopen', 'restart'], 'and no more');
  t.is(state.incidents(1)[0]?.help?.why, 'its process is well: look at the device and its cable');
  t.deepEqual(events, ['stalled', 'reopened', 'restarted', 'help']);
});

for (const [what, ail, partOf] of [
  ['stops with the others of its process is a part of their', { alive: false }, { id: 1, watch: 'garage' }],
  ['alone hears nothing has its own', { hears: false }, undefined],
] as const)
  test(`who ${what} incident`, async (t) => {
    const { incidents, meter, pass } = guarded(t, { own: true });
    const evidence = { began: 0, detected: 1, verdict: '', evidence: {}, tries: [] };
    incidents.open({ watch: 'garage', cause: 'frozen', ...evidence }, 'the meter');
    meter.answers = true;
    await pass(30_000);
    Object.assign(meter, ail);
    await pass(20_000);
    const [incident] = incidents.newest(1);
    t.is(incident?.watch, 'main');
    t.deepEqual(incident?.partOf, partOf);
  });

test('a dead line whose port is opened again and again is logged once by each cause', async (t) => {
  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => void logged.push(JSON.parse(line).msg) });
  const { pass, meter, causes } = guarded(t, { own: true, log });
  const said = (what: string) => logged.filter((line) => line.startsWith(what)).length;
  meter.answers = true;
  await pass(60_000);
  meter.hears = false;
  await pass(12_000);
  for (let round = 0; round < 20; round += 1) {
    meter.trouble = 'no byte for 10 s';
    await pass(1200);
    meter.trouble = undefined;
    await pass(10_800);
  }
  t.true(causes().length > 20, `${causes()}`);
  t.is(said('stalled'), 2, logged.join('; '));
  meter.hears = true;
  await pass(3_600_000);
  meter.hears = false;
  await pass(600_000);
  t.is(said('stalled'), 3, 'of the next one all is news again');
});

test('a meter without its port is not asked to open it', async (t) => {
  const { pass, meter, asked, state, causes } = guarded(t, { own: true });
  meter.answers = true;
  await pass(60_000);
  meter.hears = false;
  meter.trouble = 'no such file';
  await pass(12_000);
  t.deepEqual(causes(), ['port']);
  t.deepEqual(asked, ['restart']);
  t.regex(
    state.incidents(1)[0]?.verdict ?? '',
    /; its process answers, but cannot open its port: no such file$/,
  );
});

test('restarts that do not help for long call a person, once', async (t) => {
  const { pass, meter, healedAt, state, events } = guarded(t);
  await pass(60_000);
  for (let flap = 0; flap < 5; flap += 1) {
    meter.alive = false;
    await pass(130_000);
  }
  t.is(healedAt.length, 4);
  t.is(events.filter((event) => event === 'help').length, 1);
  t.is(state.incidents(1)[0]?.help?.why, '4 restarts did not help for long');
  await pass(600_000);
  t.is(healedAt.length, 5, 'and it is tried on');
});

test('who is held is judged and left alone, also in the middle of an incident', async (t) => {
  const { pass, meter, hold, healedAt, states, events } = guarded(t);
  await pass(60_000);
  hold('held by the command line');
  meter.alive = false;
  await pass(60_000);
  t.deepEqual(healedAt, []);
  t.deepEqual(events, []);
  t.is(states().at(-1), 'held');
  hold(undefined);
  await pass(2400);
  t.is(healedAt.length, 1, 'when the hold ends, its silence counts');
});

test('a container that ends is convicted at once, blind or not', async (t) => {
  const { pass, causes, sees, blind, asked, state } = guarded(t);
  await pass(60_000);
  blind(true);
  await pass(2400);
  sees({ status: 'exited', exitCode: 137, oomKilled: true });
  await pass(1200);
  t.deepEqual(causes(), ['ended']);
  t.deepEqual(asked, ['restart']);
  t.is(state.incidents(1)[0]?.verdict, 'meter-1 was killed for want of memory');
});

test('who ended and was started again by the engine is an incident, and is not restarted', async (t) => {
  const { pass, sees, time, asked, events, state, meter } = guarded(t);
  await pass(60_000);
  sees({ status: 'exited', exitCode: 1 });
  meter.alive = false;
  await time.advance(200);
  sees({});
  await pass(2400);
  meter.alive = true;
  await pass(6000);
  t.deepEqual(asked, []);
  t.deepEqual(events, ['stalled', 'recovered']);
  t.is(state.incidents(1)[0]?.verdict, 'meter-1 ended with code 1, and runs again');
});

test('who is found running again is no restart of ours', async (t) => {
  const { pass, sees, asked, events, state, meter } = guarded(t);
  meter.heal = async () => ({ result: 'running', found: 'it runs again since noon', steps: [] });
  await pass(60_000);
  sees({ status: 'exited', exitCode: 1 });
  await pass(1200);
  sees({});
  await pass(6000);
  t.deepEqual(asked, ['restart']);
  t.deepEqual(events, ['stalled', 'recovered']);
  t.deepEqual(state.incidents(1)[0]?.tries, []);
});

test('the ends that healing brings are not its own, unless it stays down', async (t) => {
  const { pass, sees, time, asked, meter, events } = guarded(t);
  await pass(60_000);
  meter.heal = async () => {
    sees({ status: 'exited', exitCode: 137 });
    return RUNNING;
  };
  sees({ status: 'exited', exitCode: 1 });
  await pass(1200);
  t.deepEqual(asked, ['restart']);
  // The engine's word of what the healer did comes late.
  await time.advance(100);
  sees({ status: 'exited', exitCode: 137 });
  sees({});
  await pass(12_000);
  t.deepEqual(events, ['stalled', 'restarted', 'recovered']);
  sees({ status: 'exited', exitCode: 1 });
  await pass(45_000);
  t.deepEqual(events.slice(3, 5), ['stalled', 'restarted']);
  t.is(asked.length, 3, 'it ended again right after it was started: it is started again, later');
});

test('a pause that is over within a second is nobody’s business', async (t) => {
  const { pass, time, causes, sees, asked } = guarded(t);
  await pass(60_000);
  sees({ status: 'paused' });
  await time.advance(900);
  sees({});
  await pass(12_000);
  t.deepEqual(asked, []);
  sees({ status: 'paused' });
  await pass(2400);
  t.deepEqual(causes(), ['paused']);
});

test('an agent that ends in the middle of an incident leaves the next one to go on with it, and nothing is done twice', async (t) => {
  const state = new AgentState(':memory:', silentLog);
  const time = virtualTime();
  const first = guarded(t, { state, time });
  first.meter.heal = (signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  await first.pass(60_000);
  first.meter.alive = false;
  await first.pass(12_000);
  t.deepEqual(first.asked, ['restart']);
  t.is(state.incidents(1)[0]?.tries[0]?.result, 'begun');
  await first.end();

  const second = guarded(t, { state, time });
  second.meter.alive = false;
  second.meter.helps = false;
  await second.pass(28_800);
  t.deepEqual(second.asked, [], 'it gets the time that the restart would have had');
  await second.pass(3600);
  t.deepEqual(second.asked, ['restart']);
  t.is(second.state.incidents(10).length, 1, 'one incident');
  await second.pass(31_000);
  t.deepEqual(second.asked, ['restart', 'restart'], 'with the back-off of all its restarts');
  second.meter.alive = true;
  await second.pass(12_000);
  t.deepEqual(second.events, ['restarted', 'restarted', 'recovered']);
  t.is(state.incidents(1)[0]?.tries.length, 3);
});

test('a restart that somebody demands is done at once, and recorded as his', async (t) => {
  const { pass, guard, asked, state, events } = guarded(t);
  await pass(60_000);
  guard.demand('the command line');
  await pass(1200);
  t.deepEqual(asked, ['restart']);
  t.is(state.incidents(1)[0]?.verdict, 'the command line asked for a restart; a message every 1.2 s');
  await pass(12_000);
  t.deepEqual(events, ['stalled', 'restarted', 'recovered']);
});

test('a restart that is demanded while it is being healed is not another one', async (t) => {
  const { pass, guard, meter, asked } = guarded(t);
  await pass(60_000);
  const healed = Promise.withResolvers<HealReport>();
  meter.heal = () => healed.promise;
  meter.alive = false;
  await pass(12_000);
  guard.demand('a webhook');
  healed.resolve(RUNNING);
  await pass(12_000);
  t.deepEqual(asked, ['restart']);
});

test('a fire drill freezes it for real and tells every moment until it is verified', async (t) => {
  const { pass, guard, meter, time, state } = guarded(t);
  meter.answers = true;
  await pass(60_000);
  const told: string[] = [];
  const follow = async () => {
    for await (const { what } of drill(guard, time, new AbortController().signal)) told.push(what);
  };
  const drilled = follow();
  await pass(30_000);
  await drilled;
  t.deepEqual(told, [
    'frozen',
    'suspected',
    'convicted',
    'healing',
    'restarted',
    'first message',
    'verified',
  ]);
  t.true(state.incidents(1)[0]?.drill);
  meter.alive = false;
  await pass(30_000);
  t.is(state.incidents(1)[0]?.drill, undefined, 'the next one is none');
});

test('nobody is drilled who is not healthy, or cannot be restarted', async (t) => {
  const { pass, guard, meter, time } = guarded(t);
  await pass(60_000);
  meter.alive = false;
  await pass(7200);
  const { signal } = new AbortController();
  const suspect = await t.throwsAsync(drill(guard, time, signal).next(), { instanceOf: RetryError });
  t.regex(suspect?.message ?? '', /^drilling main: must be healthy, is suspect: silent for/);
  const told = guarded(t, { heals: false });
  await t.throwsAsync(drill(told.guard, told.time, signal).next(), { instanceOf: GiveUpError });
});

test('who watches us hears of every turn', async (t) => {
  const { pass, beats } = guarded(t);
  await pass(12_000);
  t.true(beats() >= 110, `${beats()}`);
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
