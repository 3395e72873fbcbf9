import test from 'ava';
import { findProgram } from './programs.ts';
import { mayMount } from './small-disk.ts';
import type { Owner } from './system.ts';

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

/** `test` where such a disk can be mounted; elsewhere a test that is skipped. */
export const diskTest = (mount?: (t: Owner) => unknown) => (mayMount(mount) ? test : test.skip);
