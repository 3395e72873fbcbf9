import test from 'ava';
import { LiveLine } from '../../cli/live-line.ts';
import { createProgress, describeProgress } from '../../cli/progress.ts';
import { systemTime } from '../../shared/time.ts';

test('a bar tells the share, the rate and, after a second, what is left', (t) => {
  t.is(
    describeProgress('vm', { done: 3000, total: 12_000, elapsed: 2000 }, 80),
    `vm  ${'█'.repeat(8)}${'░'.repeat(22)}   25 %  3,000 of 12,000  1,500/s  6 s left`,
  );
  t.is(
    describeProgress('vm', { done: 100, total: 12_000, elapsed: 500 }, 80),
    `vm  ${'░'.repeat(30)}    0 %  100 of 12,000  200/s`,
  );
  t.regex(
    describeProgress('vm', { done: 12_000, total: 12_000, elapsed: 2000 }, 80),
    /█{30} +100 %.* 0 s left$/,
  );
});

test('a narrow terminal gets a shorter bar, then none, and never a line that is too long', (t) => {
  const at = (columns: number) =>
    describeProgress('vm', { done: 3000, total: 12_000, elapsed: 2000 }, columns);
  t.regex(at(60), /^vm {2}█+░+ +25 %/);
  t.true(at(60).length < 60);
  t.regex(at(45), /^vm {2} +25 %/);
});

test('nothing to do, and nothing done, are no division by zero', (t) => {
  t.regex(describeProgress('vm', { done: 0, total: 0, elapsed: 0 }, 80), / 100 % {2}0 of 0 {2}0\/s$/);
  t.regex(describeProgress('vm', { done: 0, total: 10, elapsed: 5000 }, 80), / 0 % {2}0 of 10 {2}0\/s$/);
});

test('it is drawn ten times a second at most, and taken away at its end', (t) => {
  const written: string[] = [];
  let now = 0;
  const line = new LiveLine({ isTTY: true, columns: 80, write: (text) => written.push(text) });
  const time = { ...systemTime, monotonic: () => now };
  const bar = createProgress('vm', 100, line, { time, columns: 80 });
  for (; now < 1000; now += 10) bar.show(now / 10);
  t.is(written.length, 10);
  bar.end();
  t.is(written.at(-1), '\r\x1b[K');
});
