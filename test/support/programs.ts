import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

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

/** Runs a program to its end and returns what it printed. */
export function run(program: string, ...args: string[]): string {
  return execFileSync(findProgram(program) ?? program, args, {
    encoding: 'utf8',
    // What it complains of is in the error that is thrown.
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
