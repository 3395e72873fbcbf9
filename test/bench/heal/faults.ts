import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from '../../support/system.ts';
import { firstOf } from './engine-log.ts';
import type { House } from './house.ts';

const execute = promisify(execFile);
const SPIN = fileURLToPath(new URL('./spin.ts', import.meta.url));
/** Where node opens its debugger when it is asked to by a signal. */
const DEBUGGER_PORT = 9229;

/** What can go wrong with the meter's container, each done from outside of the product. */
export const FAULTS = ['sigstop', 'pause', 'spin', 'exit'] as const;
export type FaultName = (typeof FAULTS)[number];

export const DESCRIPTIONS: Record<FaultName, string> = {
  sigstop: 'SIGSTOP inside the container',
  pause: 'cgroup freeze (docker pause)',
  spin: 'event loop that spins',
  exit: 'process killed',
};

/** @returns when it began, ms since 1970. */
export async function inflict(fault: FaultName, house: House): Promise<number> {
  const pid = await house.meterPid();
  const now = Date.now();
  switch (fault) {
    case 'sigstop':
      process.kill(pid, 'SIGSTOP');
      return now;
    case 'pause':
      await house.meter.pause();
      return await until('the pause', 5000, () => firstOf(house.engine, house.meter.id, now, 'pause'));
    case 'spin': {
      keepOutOfTheWay(pid);
      const spinning = ['--target', String(pid), '--net', process.execPath, SPIN, String(pid)];
      const { stdout } = await execute('nsenter', [...spinning, String(DEBUGGER_PORT)], { encoding: 'utf8' });
      return Number(stdout);
    }
    case 'exit':
      process.kill(pid, 'SIGKILL');
      return now;
  }
}

/**
 * A loop that spins for minutes must not slow down what is measured beside it: it gets a tenth of a processor. The
 * next run of the container has a control group of its own again.
 */
function keepOutOfTheWay(pid: number): void {
  const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  const [, one] = /^\d+:(?:\w+,)*cpu(?:,\w+)*:(.*)$/m.exec(groups) ?? [];
  const [, two] = /^0::(.*)$/m.exec(groups) ?? [];
  try {
    if (one !== undefined) writeFileSync(join('/sys/fs/cgroup/cpu', one, 'cpu.cfs_quota_us'), '10000');
    else if (two !== undefined) writeFileSync(join('/sys/fs/cgroup', two, 'cpu.max'), '10000 100000');
  } catch {} // A courtesy only.
}
