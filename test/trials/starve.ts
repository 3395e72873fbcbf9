import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const PERIOD_US = 100_000;

/** Our own control group for processor time, of their first version. */
function ownGroup(): string {
  const [, path = '/'] =
    /^\d+:(?:\w+,)*cpu(?:,\w+)*:(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
  return join('/sys/fs/cgroup/cpu', path);
}

/** Whether a process can be given a quota here. */
export function mayLimit(): boolean {
  const probe = join(ownGroup(), `wattdog-probe-${process.pid}`);
  try {
    mkdirSync(probe);
    const may = existsSync(join(probe, 'cpu.cfs_quota_us'));
    rmdirSync(probe);
    return may;
  } catch {
    return false;
  }
}

/** Gives the processes no more than this share of one processor, all together, for a while. */
export async function limit(pids: number[], share: number, ms: number): Promise<void> {
  const own = ownGroup();
  const group = join(own, `wattdog-trial-${pids[0]}`);
  mkdirSync(group);
  try {
    writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
    writeFileSync(join(group, 'cpu.cfs_quota_us'), String(Math.round(PERIOD_US * share)));
    for (const pid of pids) move(String(pid), group);
    await sleep(ms);
  } finally {
    // Whatever they have started meanwhile is there, too.
    for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
      move(pid, own);
    rmdirSync(group);
  }
}

function move(pid: string, group: string): void {
  try {
    writeFileSync(join(group, 'cgroup.procs'), pid);
  } catch {} // It has ended: that will be seen.
}

/** ms between two times at which the whole machine is starved. */
const GRID = 50_000;
const bursts = new Map<number, Promise<void>>();

/** Every processor is wanted by so many others; for all houses at the same time, at the next of its times. */
export function joinBurst(perProcessor: number, ms: number, grid = GRID): Promise<void> {
  const next = Math.floor(performance.now() / grid) + 1;
  const burst =
    bursts.get(next) ??
    sleep(next * grid - performance.now()).then(() => hog(perProcessor * availableParallelism(), ms));
  bursts.set(next, burst);
  return burst;
}

async function hog(count: number, ms: number): Promise<void> {
  const hogs = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  await sleep(ms);
  await Promise.all(hogs.map(end));
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
