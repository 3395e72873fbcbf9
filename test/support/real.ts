import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import test from 'ava';

/** Where a program is on this machine, or undefined. Debian keeps daemons in /usr/sbin, off a user's PATH. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return undefined;
}

/**
 * `test` where all the named programs are installed; elsewhere a test that is skipped and says what is
 * missing, or fails when `REQUIRE_REAL=1` forbids skipping.
 */
export function realTest(...programs: string[]) {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return test;
  if (process.env.REQUIRE_REAL === '1')
    throw new Error(`REQUIRE_REAL=1 forbids skipping, but these programs are missing: ${missing.join(', ')}`);
  process.stderr.write(`skipping: ${missing.join(', ')} not installed\n`);
  return test.skip;
}

/** Runs a program to its end and returns what it printed. */
export function run(program: string, ...args: string[]): string {
  return execFileSync(findProgram(program) ?? program, args, { encoding: 'utf8' });
}
