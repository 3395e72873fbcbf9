import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskTest } from './real.ts';
import { mountSmallDisk } from './small-disk.ts';

const onDisk = diskTest();

onDisk('a disk has room, is full, and has room again, with what was on it', (t) => {
  const disk = mountSmallDisk(t);
  const write = (name: string) => writeFileSync(join(disk.folder, name), 'x'.repeat(10_000));
  write('a');
  disk.fill();
  t.throws(() => write('b'), { code: 'ENOSPC' });
  disk.fill();
  t.throws(() => write('b'), { code: 'ENOSPC' });
  disk.free();
  t.notThrows(() => write('b'));
  disk.protect();
  t.throws(() => write('c'), { code: 'EROFS' });
  disk.unprotect();
  t.notThrows(() => write('c'));
});
