import test from 'ava';
import { findProgram } from './programs.ts';
import { mayMount } from './small-disk.ts';

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

/** `test` where a file system may be mounted; elsewhere a test that is skipped. */
export const diskTest = () => (mayMount() ? test : test.skip);
