import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import test from 'ava';
import { fakeClock } from './faketime.ts';
import { until } from './system.ts';

test('the wall clock of a process steps, its monotonic clock does not', async (t) => {
  const clock = fakeClock(t);
  if (clock === undefined) {
    t.not(process.env.REQUIRE_REAL, '1', 'libfaketime is missing');
    t.pass('libfaketime is missing');
    return;
  }
  const script = 'setInterval(() => console.log(Date.now(), performance.timeOrigin + performance.now()), 20)';
  const child = spawn(process.execPath, ['-e', script], {
    env: { ...process.env, ...clock.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => {
    child.kill('SIGKILL');
    clock.forget(child.pid ?? 0);
  });
  let ahead = Number.NaN;
  createInterface(child.stdout).on('line', (line) => {
    const [wall = 0, monotonic = 0] = line.split(' ').map(Number);
    ahead = wall - monotonic;
  });
  for (const offset of [0, -3_600_000, 1500, 0]) {
    clock.set(offset);
    await until(`the clock to be ${offset} ms ahead`, 10_000, () => Math.abs(ahead - offset) < 500);
  }
  t.pass();
});
