import { readdirSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Which processes have the device open, in words such as `held by pid 123 (screen)`; undefined where none
 * can be seen. Others' files are shown to root only, and none beyond the own container. A lock file that
 * somebody left behind holds nothing: serialport locks the open device itself (flock), which ends with its process.
 */
export function holderOf(path: string): string | undefined {
  const device = statSync(path, { throwIfNoEntry: false });
  if (device === undefined) return undefined;
  const holders = list('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && holds(pid, device))
    .map((pid) => `pid ${pid} (${commandOf(pid)})`);
  return holders.length === 0 ? undefined : `held by ${holders.join(' and ')}`;
}

/** What opening a port said, and who holds the device if that is why. */
export function withHolder(said: string, path: string): string {
  if (!/cannot lock port|resource busy|EBUSY/i.test(said)) return said;
  const holder = holderOf(path);
  return holder === undefined ? said : `${said}, ${holder}`;
}

function holds(pid: string, device: Stats): boolean {
  const folder = `/proc/${pid}/fd`;
  return list(folder).some((fd) => leadsTo(`${folder}/${fd}`, device));
}

/** By what it is, for another name or another container's name may lead to it. */
function leadsTo(fd: string, device: Stats): boolean {
  try {
    // Most are sockets and pipes, which need no second look.
    if (!readlinkSync(fd).startsWith('/')) return false;
    const open = statSync(fd);
    return device.isCharacterDevice()
      ? open.isCharacterDevice() && open.rdev === device.rdev
      : open.dev === device.dev && open.ino === device.ino;
  } catch {
    return false; // Closed meanwhile.
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // It ended meanwhile, or we may not look.
  }
}

function commandOf(pid: string): string {
  try {
    // Its first argument rather than `comm`, which runtimes give the names of their threads.
    const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return basename(program) || 'unnamed';
  } catch {
    return 'gone meanwhile';
  }
}
