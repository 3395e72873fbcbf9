import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './programs.ts';
import { type Owner, temporaryFolder } from './system.ts';

/** A disk of the test's own. */
export interface SmallDisk {
  readonly folder: string;
  /** From now on there is no room for another page. */
  fill(): void;
  free(): void;
  /** No more writing, as a kernel does to a card that fails. */
  protect(): void;
  unprotect(): void;
}

/** Bytes; only what is written takes memory. */
const ROOM = 4 * 1024 ** 3;

/** Mounts a tmpfs on the folder, which is made; unmounted with the test. */
export function mountSmallDisk(t: Owner, folder: string = join(temporaryFolder(t), 'disk')): SmallDisk {
  mkdirSync(folder, { recursive: true });
  const mount = (options: string) => run('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder);
  mount(`size=${ROOM}`);
  // Lazily: a process of ours that just died may still be on its way out.
  t.teardown(() => run('umount', '--lazy', folder));
  return {
    folder,
    fill() {
      // What is in use may grow in between, and a size below it is refused.
      for (let tries = 1; ; tries++) {
        const { bsize, blocks, bfree } = statfsSync(folder);
        try {
          mount(`remount,size=${Math.max(1, blocks - bfree) * bsize}`);
          return;
        } catch (error) {
          if (tries === 20) throw error;
        }
      }
    },
    free: () => void mount(`remount,size=${ROOM}`),
    protect: () => void run('mount', '-o', 'remount,ro', folder),
    unprotect: () => void run('mount', '-o', 'remount,rw', folder),
  };
}

/** Whether a disk can be mounted here; where not, says so, or throws when `REQUIRE_REAL=1` forbids that. */
export function mayMount(mount: (t: Owner) => unknown = mountSmallDisk): boolean {
  const undo: (() => unknown)[] = [];
  try {
    mount({ teardown: (step) => void undo.push(step) });
    return true;
  } catch (error) {
    if (process.env.REQUIRE_REAL === '1') throw error;
    process.stderr.write('skipping: no right to mount a file system\n');
    return false;
  } finally {
    for (const step of undo.reverse()) step();
  }
}
