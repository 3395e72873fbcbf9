import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from '../support/system.ts';

/** A program that is started again whenever it ends, as a supervisor would. */
export interface Supervised {
  /** The present process; undefined between two. */
  readonly pid: number | undefined;
  /** Sends the signal to the present process or, where it is between two, to the next. */
  signal(name: NodeJS.Signals): Promise<void>;
  /** Each end that nobody asked for: its code or signal, and the last line printed. */
  readonly exits: readonly string[];
  /** Ends it and starts it no more. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

interface Program {
  command: string;
  args: string[];
  environment?: Record<string, string>;
  /** A file that gets all it prints. */
  log: string;
}

interface Events {
  /** Each line it prints; the last of them may come when the process is gone. */
  line?(text: string, pid: number): void;
  ended?(pid: number): void;
}

/** @param pauseMs how long to wait before the next start. */
export function supervise(t: Owner, program: Program, pauseMs: () => number, on: Events = {}): Supervised {
  const log = createWriteStream(program.log);
  const stopped = new AbortController();
  let child: ChildProcess | undefined;
  let started = Promise.withResolvers<ChildProcess>();
  let told = false;
  const exits: string[] = [];

  const run = async () => {
    let printed = '';
    const running = spawn(program.command, program.args, {
      env: { ...process.env, ...program.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [running.stdout, running.stderr])
      createInterface(stream).on('line', (line) => {
        log.write(`${line}\n`);
        printed = line;
        on.line?.(line, running.pid ?? 0);
      });
    const exited = once(running, 'exit');
    child = running;
    told = false;
    started.resolve(running);
    const [code, signal] = await exited;
    child = undefined;
    started = Promise.withResolvers();
    if (!told) exits.push(`${code ?? signal}: ${printed}`);
    log.write(`--- ${program.command} ended with ${code ?? signal}${told ? '' : ', unasked'}\n`);
    on.ended?.(running.pid ?? 0);
  };
  const keep = async () => {
    while (!stopped.signal.aborted) {
      await run();
      await sleep(pauseMs(), undefined, { signal: stopped.signal }).catch(() => {});
    }
  };
  const kept = keep();

  const stop = async (signal: NodeJS.Signals) => {
    stopped.abort();
    told = true;
    child?.kill(signal);
    // One that stands still would never see another signal.
    child?.kill('SIGCONT');
    await kept;
    log.end();
  };
  t.teardown(() => stop('SIGKILL'));
  return {
    get pid() {
      return child?.pid;
    },
    exits,
    async signal(name) {
      const target = child ?? (await started.promise);
      if (name === 'SIGKILL' || name === 'SIGTERM') told = true;
      target.kill(name);
    },
    stop,
  };
}
