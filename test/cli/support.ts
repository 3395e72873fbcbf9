import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { findProgram } from '../support/programs.ts';
import { temporaryFolder, until } from '../support/system.ts';

const ENTRY = join(import.meta.dirname, '../../cli/main.ts');

interface Command {
  child: ChildProcess;
  /** What it printed so far. */
  out(): string;
  err(): string;
  /** Resolves with its exit code when it has ended and closed its output. */
  ended: Promise<number | null>;
}

/** The command line as its own process, in a folder of its own and with no settings but the given; gone with the test. */
export function wattdog(
  t: ExecutionContext,
  args: string[],
  {
    env = {},
    cwd = temporaryFolder(t),
    input = '',
  }: { env?: Record<string, string>; cwd?: string; input?: string } = {},
): Command {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [ENTRY, ...args], { cwd, env: { PATH, TMPDIR: cwd, ...env } });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  t.teardown(async () => {
    const children = childrenOf(child.pid);
    child.kill('SIGKILL');
    for (const pid of children) killIfThere(pid);
    await ended;
  });
  return { child, out: () => out, err: () => err, ended };
}

/** A child of one that was killed ends by itself, and may have. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Runs it to its end. */
export async function runWattdog(
  ...given: Parameters<typeof wattdog>
): Promise<{ code: number | null; out: string; err: string }> {
  const { ended, out, err } = wattdog(...given);
  const code = await ended;
  return { code, out: out(), err: err() };
}

interface OnTerminal {
  columns: number;
  env?: Record<string, string>;
  cwd?: string;
  /** A file for its standard output; what is left for the terminal is standard error. */
  into?: string;
}

/** What it prints on a terminal so wide. */
export async function onTerminal(t: ExecutionContext, args: string[], options: OnTerminal): Promise<string> {
  const { child, out, ended } = terminal(t, args, options);
  child.stdin.end();
  await ended;
  return out();
}

/** It runs on a terminal made by `script`; what is written to `child.stdin` is typed. */
export function terminal(
  t: ExecutionContext,
  args: string[],
  { columns, env = {}, cwd = temporaryFolder(t), into }: OnTerminal,
) {
  const { PATH = '' } = process.env;
  const words = [process.execPath, ENTRY, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const command = `stty cols ${columns} rows 24; exec ${words.join(' ')}${into === undefined ? '' : ` > ${into}`}`;
  const child = spawn(findProgram('script') ?? 'script', ['-qec', command, '/dev/null'], {
    cwd,
    env: { PATH, TMPDIR: cwd, SHELL: '/bin/sh', TERM: 'xterm-256color', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stdin.on('error', () => {});
  const ended = once(child, 'close').then(([code]) => code as number | null);
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, out: () => out, ended };
}

/** A serial device that nobody has open; other than `openPty`’s, whose test does. */
export async function openDevice(t: ExecutionContext): Promise<{ path: string; socat: ChildProcess }> {
  const path = join(temporaryFolder(t), 'tty');
  // It stays when who has opened it closes it, as a real device does.
  const socat = spawn(findProgram('socat') ?? '', [`pty,ptmx,raw,echo=0,link=${path},ignoreeof`, 'stdio'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  socat.stdin?.on('error', () => {});
  t.teardown(async () => {
    if (socat.exitCode !== null || socat.signalCode !== null) return;
    socat.kill('SIGTERM');
    await once(socat, 'exit');
  });
  await until(`socat to make ${path}`, 10_000, () => existsSync(path));
  return { path, socat };
}

/** ms; with ten of them starting at once on a machine that is busy otherwise, each may take a minute to say anything. */
export const ENOUGH = 180_000;

/** `up` on ports of the system's choice: its log lines tell which. The test has time for it, and for the meter. */
export async function startUp(
  t: ExecutionContext,
  args: string[] = [],
  options: Parameters<typeof wattdog>[2] = {},
): Promise<Command & { url: string; http: number; meterPid: () => number | undefined }> {
  t.timeout(2 * ENOUGH);
  const ports = ['--broker.port', '0', '--agent.http.port', '0'];
  const command = wattdog(t, ['up', ...ports, '--meter.simulated_cadence', '200ms', ...args], options);
  const line = await until('the agent to run', ENOUGH, () => {
    if (command.child.exitCode !== null) throw new Error(command.err());
    return logLines(command.out()).find(({ msg }) => msg === 'the agent runs');
  });
  return {
    ...command,
    url: String(line.broker),
    http: Number(line.http),
    meterPid: () => childrenOf(command.child.pid)[0],
  };
}

export function logLines(out: string): Record<string, unknown>[] {
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

export function childrenOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => statOf(child)?.parent === pid);
}

/** The parent and the state letter of a process; undefined when there is none. */
export function statOf(pid: number): { parent: number; state: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(parent), state };
  } catch {
    return undefined;
  }
}

export function isGone(pid: number): boolean {
  const stat = statOf(pid);
  return stat === undefined || stat.state === 'Z';
}
