import test from 'ava';
import { Probe } from '../../../agent/watch/probe.ts';

const answer = (probe: string, more = {}) => ({ probe, port: 'open' as const, rejects: 0, ...more });
const QUIET = 100;

test('only who has answered can be convicted by not answering', (t) => {
  const probe = new Probe();
  probe.asked('1', 0);
  t.is(probe.patience(60_000, QUIET), undefined);
  t.true(probe.answered(answer('1'), 60_000));
  t.deepEqual(probe.patience(60_000, QUIET)?.unanswered, 0);
  probe.asked('2', 61_000);
  probe.asked('3', 61_500);
  t.is(probe.patience(63_000, QUIET)?.unanswered, 2000, 'the oldest question counts');
  probe.forget();
  t.is(probe.patience(64_000, QUIET), undefined);
});

test('an answer answers what was asked before it, too; a stranger’s answer nothing', (t) => {
  const probe = new Probe();
  for (const [index, token] of ['1', '2', '3'].entries()) probe.asked(token, index * 500);
  t.false(probe.answered(answer('x'), 1100));
  t.true(probe.answered(answer('2'), 1100));
  t.is(probe.patience(1200, QUIET)?.unanswered, 200);
  t.false(probe.answered(answer('1'), 1200), 'it was answered already');
});

test('a fresh message answers all that was asked before it', (t) => {
  const probe = new Probe();
  probe.asked('1', 0);
  probe.answered(answer('1'), 5);
  probe.asked('2', 500);
  probe.asked('3', 1000);
  probe.lives(700);
  t.is(probe.patience(1500, QUIET)?.unanswered, 500);
});

test('patience is two seconds, more with whoever was slow lately or while we are, and has an end', (t) => {
  const probe = new Probe();
  probe.asked('1', 0);
  probe.answered(answer('1'), 5);
  t.is(probe.patience(5, QUIET)?.limit, 2000);
  t.is(probe.patience(5, 1000)?.limit, 4000);
  probe.asked('2', 1000);
  probe.answered(answer('2'), 1600);
  t.is(probe.patience(1600, QUIET)?.limit, 3000);
  probe.asked('3', 2000);
  probe.answered(answer('3'), 12_000);
  t.is(probe.patience(12_000, QUIET)?.limit, 15_000);
  for (let n = 0; n < 600; n += 1) {
    probe.asked(`n${n}`, 20_000 + n * 500);
    probe.answered(answer(`n${n}`), 20_003 + n * 500);
  }
  t.is(probe.patience(400_000, QUIET)?.limit, 2000, 'in five minutes it is forgotten');
});

test('the last answer is kept with its age, and questions without end are bounded', (t) => {
  const probe = new Probe();
  t.is(probe.last(0), undefined);
  probe.asked('1', 0);
  probe.answered(answer('1', { port: 'opening', trouble: 'no such file' }), 5);
  t.deepEqual(probe.last(1005), {
    probe: '1',
    port: 'opening',
    trouble: 'no such file',
    rejects: 0,
    age: 1000,
  });
  for (let n = 0; n < 100_000; n += 1) probe.asked(`n${n}`, 10 + n);
  t.is(probe.patience(200_010, QUIET)?.unanswered, 200_000);
});
