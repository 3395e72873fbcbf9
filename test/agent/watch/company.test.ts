import test from 'ava';
import { Company } from '../../../agent/watch/company.ts';
import type { Cause, Verdict } from '../../../agent/watch/verdict.ts';

const LIMITS = { median: 1200, suspect: 4800, stalled: 9600 };

const silent = (silence: number, cause: Cause = 'silence'): Verdict => ({
  state: silence >= LIMITS.stalled ? 'stalled' : 'suspect',
  cause,
  sentence: 'silent',
  evidence: { silence, limits: LIMITS },
});
const healthy: Verdict = { state: 'healthy', sentence: 'well', evidence: {} };

const states = (verdicts: Map<string, Verdict>) => [...verdicts.values()].map(({ state }) => state);

test('one that falls silent alone is believed to', (t) => {
  const company = new Company();
  const verdicts = new Map([
    ['a', silent(9600)],
    ['b', healthy],
  ]);
  t.deepEqual(company.weigh(verdicts, 0), verdicts);
});

test('those of one process are no company: what stops it silences them all', (t) => {
  const company = new Company();
  const verdicts = new Map([
    ['a', silent(9600)],
    ['b', silent(9600)],
  ]);
  t.deepEqual(
    company.weigh(verdicts, 0, () => 'child process meter'),
    verdicts,
  );
  t.deepEqual(states(company.weigh(verdicts, 0)), ['blind', 'blind']);
});

test('several at once are not accused for as long as it took to convict them, and then they are', (t) => {
  const company = new Company();
  const at = (ms: number) =>
    company.weigh(
      new Map([
        ['a', silent(9600 + ms)],
        ['b', silent(7000 + ms)],
        ['c', healthy],
      ]),
      100_000 + ms,
    );
  const first = at(0);
  t.deepEqual(states(first), ['blind', 'suspect', 'healthy']);
  t.is(first.get('a')?.sentence, 'a and b fell silent at once: the cause may be a common one');
  t.deepEqual(states(at(3000)), ['blind', 'blind', 'healthy']);
  t.deepEqual(states(at(9500)), ['blind', 'blind', 'healthy']);
  t.deepEqual(states(at(9600)), ['stalled', 'stalled', 'healthy']);
});

test('the doubt begins anew with the next time', (t) => {
  const company = new Company();
  const both = (ms: number) =>
    company.weigh(
      new Map([
        ['a', silent(9600)],
        ['b', silent(9600)],
      ]),
      ms,
    );
  t.deepEqual(states(both(0)), ['blind', 'blind']);
  t.deepEqual(states(both(10_000)), ['stalled', 'stalled']);
  company.weigh(
    new Map([
      ['a', healthy],
      ['b', healthy],
    ]),
    20_000,
  );
  t.deepEqual(states(both(30_000)), ['blind', 'blind']);
});

test('who fell silent long before is no company, nor who has a reason of his own', (t) => {
  const company = new Company();
  const alone = (other: Verdict) =>
    company
      .weigh(
        new Map([
          ['a', silent(9600)],
          ['b', other],
        ]),
        0,
      )
      .get('a')?.state;
  t.is(alone(silent(60_000)), 'stalled');
  for (const cause of ['ended', 'paused', 'port', 'line', 'rejects', 'unhealthy'] as const)
    t.is(alone(silent(9600, cause)), 'stalled', cause);
  for (const cause of ['silence', 'stuck'] as const) t.is(alone(silent(9600, cause)), 'blind', cause);
});

test('two meters that stop answering together are given five seconds more', (t) => {
  const company = new Company();
  const frozen = (unanswered: number): Verdict => ({
    state: 'stalled',
    cause: 'frozen',
    sentence: 'does not answer',
    evidence: { probe: { unanswered, limit: 2000 } },
  });
  const at = (ms: number) =>
    states(
      company.weigh(
        new Map([
          ['a', frozen(2000 + ms)],
          ['b', frozen(2100 + ms)],
        ]),
        ms,
      ),
    );
  t.deepEqual(at(0), ['blind', 'blind']);
  t.deepEqual(at(4900), ['blind', 'blind']);
  t.deepEqual(at(5000), ['stalled', 'stalled']);
});
