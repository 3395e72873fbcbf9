import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram, run } from './programs.ts';
import { until } from './system.ts';

const execute = promisify(execFile);

/** A Docker engine of the tests' own, apart from any that the machine runs. */
export interface PrivateEngine {
  /** Path of its unix socket. */
  socket: string;
  /** A folder of its own, for whatever is to be removed with it. */
  folder: string;
  /** Runs `docker …` against it; returns what it printed. @throws with what it wrote to stderr */
  docker(...args: string[]): Promise<string>;
  /** Runs `docker-compose …` against it. */
  compose(...args: string[]): Promise<string>;
  /** Ends it, as an upgrade does, and starts it again; its containers end, unless they are to survive it. */
  restart(): Promise<void>;
  /** Removes its containers, ends it, and removes its folder. */
  stop(): Promise<void>;
}

/**
 * Starts dockerd on a socket in a temporary folder, without the default bridge and without iptables:
 * user-defined networks and published ports still work, and nothing of the machine's network changes.
 */
export async function startEngine(): Promise<PrivateEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'wattdog-engine-'));
  const socket = join(folder, 'docker.sock');
  const command = [
    ...['dockerd', '--host', `unix://${socket}`, '--pidfile', join(folder, 'dockerd.pid')],
    ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'run')],
    ...['--bridge=none', '--iptables=false', '--ip6tables=false'],
  ];
  // Ends with the test process, even if that is killed.
  const setpriv = findProgram('setpriv');
  if (setpriv !== undefined) command.unshift(setpriv, '--pdeathsig', 'TERM');
  const [program = 'dockerd', ...args] = command;
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const launch = () => {
    const log = openSync(join(folder, 'dockerd.log'), 'a');
    const daemon = spawn(findProgram(program) ?? program, args, { env, stdio: ['ignore', log, log] });
    closeSync(log);
    return daemon;
  };
  let daemon = launch();

  const client = async (name: string, args: string[]): Promise<string> => {
    const running = execute(findProgram(name) ?? name, args, {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      // The legacy builder and the engine's own API version: Debian's engine is older than some clients.
      env: { ...env, DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: '0', DOCKER_CONFIG: folder },
    });
    try {
      return (await running).stdout.trim();
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${name} ${args[0]}: ${`${stdout}\n${stderr}`.trim().slice(-3000)}`);
    }
  };
  const docker = (...args: string[]) => client('docker', args);
  const stop = async () => {
    if (daemon.exitCode === null) {
      const containers = await docker('ps', '--all', '--quiet').catch(() => '');
      if (containers !== '')
        await docker('rm', '--force', '--volumes', ...containers.split('\n')).catch(() => {});
      await docker('network', 'prune', '--force').catch(() => {});
    }
    await terminate(daemon);
    clean(folder);
  };
  const answers = () =>
    until('dockerd', 60_000, async () => {
      if (daemon.exitCode !== null) throw new Error(`dockerd ended with code ${daemon.exitCode}`);
      return await docker('version', '--format', '{{.Server.Version}}');
    });
  const restart = async () => {
    await terminate(daemon);
    daemon = launch();
    await answers();
  };

  try {
    await answers();
  } catch (error) {
    const written = readFileSync(join(folder, 'dockerd.log'), 'utf8').slice(-2000);
    await stop();
    throw new Error(`starting dockerd: ${written}`, { cause: error });
  }
  return { socket, folder, docker, compose: (...args) => client('docker-compose', args), restart, stop };
}

/** Imports an image that holds this very node and a shell, and nothing else. */
export async function importNodeImage(engine: PrivateEngine, name = 'wattdog-test-node'): Promise<void> {
  const root = join(engine.folder, 'node-image');
  copyProgram(process.execPath, root, '/usr/bin/node');
  copyProgram('/bin/sh', root, '/bin/sh');
  await importFolder(engine, root, name, 'ENV PATH=/usr/bin:/bin');
  rmSync(root, { recursive: true });
}

/** Copies a program, and the libraries that `ldd` names, into the folder of an image to be. */
export function copyProgram(program: string, root: string, to: string): void {
  const copy = (from: string, to: string) => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    copyFileSync(from, join(root, to));
  };
  copy(program, to);
  for (const [, library = ''] of ldd(program).matchAll(/(?:=> )?(\/\S+) \(0x/g)) copy(library, library);
}

function ldd(program: string): string {
  try {
    return run('ldd', program);
  } catch {
    return ''; // Linked statically.
  }
}

/** `docker import` of a folder; `changes` are Dockerfile instructions such as `ENV A=b`. */
export async function importFolder(
  engine: PrivateEngine,
  root: string,
  name: string,
  ...changes: string[]
): Promise<void> {
  const archive = join(engine.folder, `${Date.now()}.tar`);
  await execute('tar', ['--create', '--file', archive, '--directory', root, '.']);
  const options = changes.flatMap((change) => ['--change', change]);
  await engine.docker('import', ...options, archive, name);
  rmSync(archive);
}

async function terminate(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  const timer = setTimeout(() => daemon.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(timer);
}

function clean(folder: string): void {
  endContainerd(folder);
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(folder));
  for (const path of mounts.reverse()) run('umount', '--lazy', path);
  rmSync(folder, { recursive: true, force: true });
}

/** dockerd takes its containerd with it, unless it had to be killed. */
function endContainerd(folder: string): void {
  try {
    const pid = Number(readFileSync(join(folder, 'run/containerd/containerd.pid'), 'utf8'));
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)) process.kill(pid, 'SIGKILL');
  } catch {} // It has gone already.
}
