/** The firmware, compiled, on a simulated board whose serial port is a pty. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { findProgram } from './programs.ts';
import { realTest } from './real.ts';
import { type Owner, temporaryFolder } from './system.ts';

const HEADERS = '/usr/include/simavr/sim_avr.h';

/** `test.serial` where the firmware can be compiled and run on a simulated board; elsewhere skipped. */
export function boardTest() {
  const library = existsSync(HEADERS) ? [] : ['libsimavr-dev'];
  const real = realTest('avr-gcc', 'avr-size', 'cc', 'make', ...library);
  return real === test ? test.serial : test.serial.skip;
}

/** What the firmware is compiled for, by the names of its Makefile: `GAIN_1`, `NOISE_1`, … */
export type Constants = Record<string, number | string>;

export interface BoardStatus {
  /** By the board's clock, which stands still without power. */
  seconds: number;
  /** A·s of each phase that truly flowed meanwhile. */
  charge: [number, number];
  /** That the board sent. */
  lines: number;
  /** Bytes of them that nobody was there to read. */
  lost: number;
  /** Of any kind, the first one included. */
  resets: number;
  /** On the board, pin 13. */
  lamp: boolean;
  /** The most bytes that were ever on the processor's stack. */
  stack: number;
  /** Whether somebody holds the serial port. */
  open: boolean;
}

export interface Board {
  /** Its serial port. */
  readonly port: string;
  /** A command of test/meter/firmware/simulator/main.c; how things are once it is done. */
  tell(command: string, ...values: number[]): Promise<BoardStatus>;
}

export interface Bench {
  /** Compiles the firmware and says where the ELF file is. */
  build(constants?: Constants): string;
  /** A board with a firmware of its own, plugged in; its time stands still until it is told to run. */
  start(t: Owner, constants?: Constants): Promise<Board>;
}

/** A folder where firmware and simulator are compiled, once each; gone after the file's last test. */
export function sharedBench(): Bench {
  let folder: string | undefined;
  test.after.always('remove what was compiled', () => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });
  const built = new Set<string>();
  const make = (source: string, product: string, variables: string[]) => {
    folder ??= mkdtempSync(join(tmpdir(), 'wattdog-avr-'));
    const build = join(folder, variables.join('-') || 'default');
    const path = join(build, product);
    if (!built.has(path))
      execFileSync(
        findProgram('make') ?? 'make',
        ['-C', source, `BUILD=${build}`, 'STRICT=-Werror', ...variables, path],
        {
          stdio: ['ignore', 'ignore', 'pipe'],
        },
      );
    built.add(path);
    return path;
  };
  const build = (constants: Constants = {}) =>
    make(
      'meter/firmware',
      'panel.elf',
      Object.entries(constants).map(([name, value]) => `${name}=${value}`),
    );
  return {
    build,
    start: (t, constants) =>
      startBoard(t, make('test/meter/firmware/simulator', 'simulator', []), build(constants)),
  };
}

async function startBoard(t: Owner, simulator: string, firmware: string): Promise<Board> {
  const port = join(temporaryFolder(t), 'ttyACM0');
  const child = spawn(simulator, [firmware, port], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-1000);
  });
  child.stdin.on('error', () => {});
  const waiting: PromiseWithResolvers<BoardStatus>[] = [];
  createInterface(child.stdout).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  const exited = once(child, 'exit').then(() => {
    for (const one of waiting.splice(0)) one.reject(new Error(`the simulator ended: ${complaint}`));
  });
  t.teardown(async () => {
    // It takes the name of the port along.
    child.stdin.end();
    await exited;
  });
  const answer = () => {
    const one = Promise.withResolvers<BoardStatus>();
    waiting.push(one);
    return one.promise;
  };
  await answer();
  return {
    port,
    tell(command, ...values) {
      const answered = answer();
      child.stdin.write(`${[command, ...values].join(' ')}\n`);
      return answered;
    },
  };
}
