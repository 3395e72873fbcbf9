import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { superviseChild } from '../../../agent/heal/child.ts';
import type { ContainerEvidence } from '../../../agent/watch/verdict.ts';
import { GiveUpError, RetryError } from '../../../shared/errors.ts';
import { systemTime } from '../../../shared/time.ts';
import { silentLog, until } from '../../support/system.ts';

const PROGRAM = join(import.meta.dirname, '../../support/child.ts');

/** A supervised child; `how` says what each one does. Nothing of it is left when the test ends. */
function supervise(
  t: ExecutionContext,
  how: () => string = () => '',
  sees: (evidence: ContainerEvidence) => void = () => {},
) {
  const children: ChildProcess[] = [];
  const ready: Promise<unknown>[] = [];
  const supervised = superviseChild(
    'meter',
    () => {
      const child = fork(PROGRAM, [how()], { execArgv: [] });
      children.push(child);
      ready.push(once(child, 'message'));
      return child;
    },
    { time: systemTime, log: silentLog, random: () => 0, sees },
  );
  const stop = new AbortController();
  const running = supervised.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running.catch(() => {});
    for (const { pid } of children) if (isAlive(pid)) throw new Error(`pid ${pid} is left`);
  });
  return { ...supervised, children, ready, running, stop, pid: () => supervised.pid };
}

/** Whether the process exists and is no zombie. */
function isAlive(pid: number | undefined): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const { signal: never } = new AbortController();

test('a child that ends is started again', async (t) => {
  const { children, pid } = supervise(t);
  const first = await until('a child', 10_000, pid);
  children[0]?.kill('SIGKILL');
  const second = await until('another', 10_000, () => pid() !== first && pid());
  t.not(second, first);
  t.is(children.length, 2);
});

test('one that keeps ending is started less and less often', async (t) => {
  const { children } = supervise(t, () => '1');
  const began = Date.now();
  await until('four starts', 30_000, () => children.length === 4);
  t.true(Date.now() - began >= 125 + 250 + 500, `${Date.now() - began} ms`);
});

test('a frozen child is killed and started anew', async (t) => {
  const { healer, children, ready, pid } = supervise(t);
  await ready[0];
  const first = pid();
  children[0]?.kill('SIGSTOP');
  await until('it to be stopped', 10_000, () =>
    /^State:\s+T/m.test(readFileSync(`/proc/${first}/status`, 'utf8')),
  );
  const report = await healer.heal({ frozen: true }, never);
  t.is(report.result, 'running');
  t.is(report.found, 'the process was stopped (SIGSTOP)');
  t.deepEqual(
    report.steps.map(({ action }) => action),
    ['kill', 'spawn'],
  );
  t.false(isAlive(first));
  t.true(isAlive(pid()));
  t.not(pid(), first);
});

test('a child is frozen for a drill, and healed from it', async (t) => {
  const { healer, ready, pid } = supervise(t);
  await ready[0];
  const first = pid();
  t.is(await healer.freeze(never), `stopped its process, ${first}, with SIGSTOP`);
  t.regex(readFileSync(`/proc/${first}/status`, 'utf8'), /^State:\s+T/m);
  t.is((await healer.heal({ frozen: true }, never)).found, 'the process was stopped (SIGSTOP)');
  t.not(pid(), first);
});

test('its ends and starts are told as an engine tells a container’s', async (t) => {
  const told: string[] = [];
  const { children, ready } = supervise(t, undefined, ({ name, status, exitCode }) =>
    told.push([name, status, exitCode].join(' ').trim()),
  );
  await ready[0];
  children[0]?.kill('SIGKILL');
  await until('it to run again', 10_000, () => told.length === 3);
  t.deepEqual(told, [
    'the meter’s process running',
    'the meter’s process exited 137',
    'the meter’s process running',
  ]);
});

test('one that ended and runs again is left alone', async (t) => {
  const { healer, ready, pid } = supervise(t);
  await ready[0];
  const first = pid();
  t.deepEqual(await healer.heal({ frozen: false, ended: true }, never), {
    result: 'running',
    found: 'it runs again',
    steps: [],
  });
  t.is(pid(), first);
});

test('a look tells that it is stopped, and nothing of one that is not', async (t) => {
  const { healer, ready } = supervise(t);
  await ready[0];
  t.is(await healer.examine(never), undefined);
  await healer.freeze(never);
  t.is(await healer.examine(never), 'the process was stopped (SIGSTOP)');
  await healer.heal({ frozen: true }, never);
  t.is(await healer.examine(never), undefined);
});

test('what does not run cannot be frozen', async (t) => {
  const supervised = superviseChild('meter', () => fork(PROGRAM), { time: systemTime, log: silentLog });
  await t.throwsAsync(supervised.healer.freeze(never), {
    instanceOf: RetryError,
    message: /must be running/,
  });
});

test('a child that spins is one like any other', async (t) => {
  const { healer, ready, pid } = supervise(t, () => 'spin');
  await ready[0];
  const first = pid();
  t.is((await healer.heal({ frozen: true }, never)).result, 'running');
  t.not(pid(), first);
});

test('one that is waiting to be started again is not said to run', async (t) => {
  const { healer, children, pid } = supervise(t, () => '1');
  // By then it waits for four seconds and more.
  await until('six starts', 30_000, () => children.length === 6);
  await until('its end', 10_000, () => pid() === undefined);
  await t.throwsAsync(healer.heal({ frozen: true }, never), {
    instanceOf: RetryError,
    message: /it keeps ending/,
  });
});

test('wrong settings are for a person: it is not started again', async (t) => {
  const { running, children } = supervise(t, () => '78');
  const error = await t.throwsAsync(running, { instanceOf: GiveUpError, message: /settings are wrong/ });
  t.is(error?.exitCode, 78);
  t.is(children.length, 1);
});

test('a program that cannot be started is tried again, and can be stopped', async (t) => {
  const supervised = superviseChild('meter', () => fork(PROGRAM, [], { execPath: '/nowhere/node' }), {
    time: systemTime,
    log: silentLog,
    random: () => 0,
  });
  const stop = new AbortController();
  const running = supervised.run(stop.signal);
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await t.notThrowsAsync(running);
});

for (const [what, signal] of [
  ['a healthy child', undefined],
  ['a frozen one', 'SIGSTOP'],
] as const)
  test(`stopping ends ${what} in order and at once`, async (t) => {
    const { running, children, ready, stop } = supervise(t);
    await ready[0];
    const [child] = children;
    if (signal) child?.kill(signal);
    const began = Date.now();
    stop.abort();
    await running;
    t.is(child?.exitCode, 0, 'not killed');
    t.true(Date.now() - began < 5000, `${Date.now() - began} ms`);
  });

test('one that does not heed SIGTERM is killed in the end', async (t) => {
  const { running, children, ready, stop } = supervise(t, () => 'deaf');
  await ready[0];
  stop.abort();
  await running;
  t.is(children[0]?.signalCode, 'SIGKILL');
});
