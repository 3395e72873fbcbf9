import { existsSync, globSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Owner, temporaryFolder } from './system.ts';

/** A wall clock of its own for some processes; their monotonic clock stays the true one. */
export interface FakeClock {
  /** For the environment of each process that shall have this clock. */
  readonly environment: Record<string, string>;
  /** Sets how far the clock is from the true one, in ms; it steps at once. */
  set(offsetMs: number): void;
  /** Removes what a process that was killed has left of the clock in /dev/shm. */
  forget(pid: number): void;
}

/** Undefined where libfaketime is not installed. */
export function fakeClock(t: Owner): FakeClock | undefined {
  const [library] = globSync('/usr/lib/{*/,}faketime/libfaketime.so.1');
  if (library === undefined) return undefined;
  const file = join(temporaryFolder(t), 'offset');
  const set = (offsetMs: number) => {
    // Renamed into place: it is read at any moment.
    writeFileSync(`${file}.new`, `${offsetMs < 0 ? '' : '+'}${offsetMs / 1000}\n`);
    renameSync(`${file}.new`, file);
  };
  set(0);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set,
    forget(pid) {
      for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
        if (existsSync(`/dev/shm/${name}`)) rmSync(`/dev/shm/${name}`);
    },
  };
}
