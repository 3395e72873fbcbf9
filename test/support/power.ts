import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './programs.ts';
import { type Owner, temporaryFolder } from './system.ts';

interface PoweredDisk {
  readonly path: string;
  /**
   * The power goes: of what was written, only that remains which had reached the disk. Whoever holds files
   * on it must be stopped before, and killed by `kill`, while the disk changes.
   */
  cutPower(kill: () => Promise<void>): Promise<void>;
}

/** An ext4 file system of its own on a loop device; unmounted with the test. */
export function mountPoweredDisk(t: Owner): PoweredDisk {
  const folder = temporaryFolder(t);
  const path = join(folder, 'mnt');
  const [image, copy] = [join(folder, 'disk.img'), join(folder, 'copy.img')];
  // Nothing but an fsync commits metadata: what the kernel writes by itself must not fall into the copying.
  const mount = () => run('mount', '-o', 'loop,commit=300', image, path);
  const unmount = () => run('umount', path);

  mkdirSync(path);
  run('truncate', '--size=96M', image);
  run('mkfs.ext4', '-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image);
  mount();
  t.teardown(unmount);
  return {
    path,
    async cutPower(kill) {
      run('cp', '--sparse=always', image, copy);
      await kill();
      unmount();
      rmSync(image);
      run('mv', copy, image);
      mount();
    },
  };
}
