import test from 'ava';
import { type Circumstances, conclude } from '../../../agent/watch/conclude.ts';
import type { Evidence } from '../../../agent/watch/verdict.ts';

const LIMITS = { median: 60_000, suspect: 240_000, stalled: 480_000 };
const USUAL: Circumstances = {
  hasTopics: true,
  isHealing: false,
  isRecovering: false,
  mayConvictSilence: true,
  waited: 3_600_000,
};
const meter = (more: object) => ({ probe: 'x', port: 'open' as const, rejects: 0, age: 500, ...more });
const container = (more: object) => ({ name: 'meter-1', status: 'running', ...more });

const judge = (evidence: Evidence, circumstances: Partial<Circumstances> = {}) => {
  const { state, cause, sentence } = conclude(evidence, { ...USUAL, ...circumstances });
  return [state, ...(cause ? [cause] : []), sentence].join(': ');
};

const LATE = { silence: 500_000, limits: LIMITS };

for (const [what, evidence, verdict, circumstances] of [
  ['nothing known', {}, 'learning: no message since the watch began', { waited: 1000 }],
  ['all is well', { silence: 1000, limits: LIMITS }, 'healthy: a message every 60 s'],
  ['late', { silence: 240_000, limits: LIMITS }, 'suspect: silence: silent for 240 s, usually 60 s'],
  ['silent', LATE, 'stalled: silence: silent for 500 s, usually 60 s, never over 480 s'],
  [
    'silent in its grace',
    LATE,
    'suspect: silence: silent for 500 s, usually 60 s',
    { mayConvictSilence: false },
  ],
  ['never seen', {}, 'stalled: silence: no message ever, in 3600 s'],
  [
    'it lives, and its line is quiet',
    { ...LATE, meter: meter({ quiet: 499 }) },
    'stalled: line: silent for 500 s, usually 60 s, never over 480 s; its process answers, but its line is quiet',
  ],
  [
    'it lives, and its line was quiet only lately',
    { ...LATE, meter: meter({ quiet: 3, sample_age: 3 }) },
    'stalled: silence: silent for 500 s, usually 60 s, never over 480 s; its process answers',
  ],
  [
    'it lives, and opened its silent line again a moment ago',
    { ...LATE, meter: meter({ quiet: 3, sample_age: 499 }) },
    'stalled: line: silent for 500 s, usually 60 s, never over 480 s; its process answers, but nothing comes of its line',
  ],
  [
    'it lives, was just started, and no sample came',
    { ...LATE, meter: meter({ quiet: 3 }) },
    'stalled: line: silent for 500 s, usually 60 s, never over 480 s; its process answers, but nothing comes of its line',
  ],
  [
    'it lives, and has no port',
    { ...LATE, meter: meter({ port: 'opening', trouble: 'no such file' }) },
    'stalled: port: silent for 500 s, usually 60 s, never over 480 s; its process answers, but cannot open its port: no such file',
  ],
  [
    'it lives, and refuses what comes',
    { ...LATE, meter: meter({ quiet: 1, sample_age: 499, rejects: 7 }) },
    'stalled: rejects: silent for 500 s, usually 60 s, never over 480 s; its process answers, but refused 7 frames on its line',
  ],
  [
    'its last answer is old',
    { ...LATE, meter: meter({ quiet: 499, age: 60_000 }) },
    'stalled: silence: silent for 500 s, usually 60 s, never over 480 s',
  ],
  [
    'it says the same again and again',
    { ...LATE, progress: { field: 'uptime', value: '17', unmoved: 500_000 } },
    'stalled: stuck: silent for 500 s, usually 60 s, never over 480 s; messages come, but uptime stays at 17',
  ],
  [
    'frozen',
    { silence: 0, probe: { unanswered: 2000, limit: 2000 } },
    'stalled: frozen: its process has not answered for 2.0 s',
  ],
  [
    'a process that is stopped needs no patience',
    {
      silence: 0,
      probe: { unanswered: 500, limit: 2000 },
      stopped: 'process 7 (node) is stopped (state T)',
    },
    'stalled: frozen: its process has not answered for 0.5 s: process 7 (node) is stopped (state T)',
  ],
  [
    'frozen, and we are patient',
    { silence: 0, probe: { unanswered: 2000, limit: 4000 } },
    'suspect: frozen: its process has not answered for 2.0 s',
  ],
  [
    'frozen in its grace: the question needs no grace',
    { probe: { unanswered: 2000, limit: 2000 } },
    'stalled: frozen: its process has not answered for 2.0 s',
    { mayConvictSilence: false },
  ],
  [
    'departed',
    { silence: 0, departed: 100 },
    'suspect: departed: its session with the broker was lost 0.1 s ago',
  ],
  [
    'departed for good',
    { silence: 0, departed: 10_000 },
    'stalled: departed: its session with the broker was lost 10 s ago',
  ],
  [
    'ended',
    { silence: 0, container: container({ status: 'exited' }), ended: { for: 500, exitCode: 1 } },
    'stalled: ended: meter-1 ended with code 1',
  ],
  [
    'it may be about to be removed',
    { silence: 0, limits: LIMITS, container: container({ status: 'exited' }), ended: { for: 499 } },
    'healthy: a message every 60 s',
  ],
  [
    'ended, and started again by somebody else',
    { silence: 0, container: container({}), ended: { for: 500, exitCode: 1 } },
    'stalled: ended: meter-1 ended with code 1, and runs again',
  ],
  [
    'out of memory',
    { container: container({ status: 'exited' }), ended: { for: 500, exitCode: 137, oomKilled: true } },
    'stalled: ended: meter-1 was killed for want of memory',
  ],
  [
    'paused for a moment',
    { silence: 0, limits: LIMITS, container: container({ status: 'paused', for: 999 }) },
    'healthy: a message every 60 s',
  ],
  [
    'paused',
    { silence: 0, container: container({ status: 'paused', for: 1000 }) },
    'stalled: paused: meter-1 has been paused for 1.0 s',
  ],
  [
    'unhealthy',
    { silence: 0, container: container({ health: 'unhealthy' }) },
    'stalled: unhealthy: meter-1 is unhealthy, its own health check says',
  ],
  ['blind', { ...LATE, blindness: 'x' }, 'blind: cannot see: x'],
  [
    'blind, and it does not answer',
    { probe: { unanswered: 9000, limit: 2000 }, blindness: 'x' },
    'blind: cannot see: x',
  ],
  [
    'blind, but the engine sees',
    { blindness: 'x', container: container({ status: 'exited' }), ended: { for: 500, exitCode: 0 } },
    'stalled: ended: meter-1 ended with code 0',
  ],
  ['held', { ...LATE, hold: 'held by me', container: container({ status: 'exited' }) }, 'held: held by me'],
  [
    'being healed',
    { container: container({ status: 'exited' }) },
    'recovering: being healed',
    { isHealing: true },
  ],
  [
    'healed',
    { silence: 900, limits: LIMITS, fresh: 2 },
    'recovering: healed; 2 of 3 fresh messages',
    { isRecovering: true },
  ],
  [
    'a container alone',
    { container: container({}) },
    'healthy: its container is running',
    { hasTopics: false },
  ],
  ['a container not seen', {}, 'learning: the engine has not shown its container yet', { hasTopics: false }],
] as const satisfies [string, Evidence, string, Partial<Circumstances>?][])
  test(`${what} → ${verdict.split(': ')[0]}`, (t) => {
    t.is(judge(evidence, circumstances), verdict);
  });

test('a verdict carries all its evidence', (t) => {
  const evidence: Evidence = { ...LATE, meter: meter({ quiet: 499 }), container: container({}) };
  t.deepEqual(conclude(evidence, USUAL).evidence, evidence);
});
