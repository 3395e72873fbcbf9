/** Who the process is: the image starts as root, so that it can become whoever it is told to be. */
import { accessSync, constants, lchownSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GiveUpError, reason } from '../shared/errors.ts';

type Environment = Record<string, string | undefined>;
type System = Pick<
  NodeJS.Process,
  'umask' | 'getuid' | 'getgid' | 'getgroups' | 'setuid' | 'setgid' | 'setgroups'
>;

interface Identity {
  uid: number;
  gid: number;
}

/** The largest number of a user or group; the next one means "unchanged". */
const LARGEST_ID = 2 ** 32 - 2;
/** nobody:users, as Unraid's shares have it. */
const DEFAULT: Identity = { uid: 99, gid: 100 };
/** The group of serial devices: Debian's and Alpine's, Unraid's, Fedora's. The device may come later. */
const SERIAL_GROUPS = [20, 16, 18];
const SERIAL_DEVICE = /^tty(ACM|AMA|S|USB)\d+$/;
const DOCKER_SOCKET = '/var/run/docker.sock';
/** chown and access answer so where somebody may not, as opposed to where nothing is written at all. */
const FORBIDDEN = ['EPERM', 'EACCES'];

/**
 * Sets `UMASK`, and where the process is root and `PUID` or `PGID` say who to be, becomes that user: gives
 * it the folders it writes to, keeps the groups it opens its device or its engine's socket by, and loses every
 * other right. Anybody else stays who they are.
 *
 * @param command `agent`, `meter` …: each keeps only the groups it needs.
 * @throws GiveUpError 78 for a variable that is none of this, 1 where the container forbids it.
 */
export function assumeIdentity(system: System, command: string, environment: Environment): void {
  const umask = readNumber(environment, 'UMASK', 8, 0o777);
  const uid = readNumber(environment, 'PUID', 10, LARGEST_ID);
  const gid = readNumber(environment, 'PGID', 10, LARGEST_ID);
  if (umask !== undefined) system.umask(umask);
  if (system.getuid?.() !== 0 || (uid ?? gid) === undefined) return;
  const wanted = { uid: uid ?? DEFAULT.uid, gid: gid ?? DEFAULT.gid };
  if (wanted.uid === 0 && wanted.gid === system.getgid?.()) return;

  const folders = foldersOf(environment);
  const refusals = new Map(folders.map((folder) => [folder, give(folder, wanted)]));
  // Of those it was started with, root's own is not for others.
  const given = (system.getgroups?.() ?? []).filter((group) => group !== 0);
  become(system, wanted, [...new Set([...given, ...deviceGroups(command, environment)])]);
  for (const [folder, refusal] of refusals) if (refusal !== undefined) checkWritable(folder, wanted, refusal);
}

/** @returns undefined where it is not given, or given as nothing, as a form's empty field is. */
function readNumber(environment: Environment, name: string, radix: 8 | 10, most: number): number | undefined {
  const text = environment[name];
  if (text === undefined || text === '') return undefined;
  const value = (radix === 8 ? /^[0-7]+$/ : /^\d+$/).test(text) ? Number.parseInt(text, radix) : most + 1;
  if (value <= most) return value;
  const rule = radix === 8 ? 'an octal number such as 022' : 'the number of a user or group such as 99';
  throw new GiveUpError(`reading ${name}: must be ${rule}, got ${JSON.stringify(text)}`, 78);
}

/** Those that the image's variables name, as far as they are there. */
function foldersOf({ WATTDOG_DATA, WATTDOG_BROKER_CREDENTIALS }: Environment): string[] {
  return [WATTDOG_DATA, WATTDOG_BROKER_CREDENTIALS].filter(
    (path): path is string => path !== undefined && isFolder(path),
  );
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * A folder and what is directly in it, which is all that we make: a start must not walk through trees.
 * @returns what was refused, if anything.
 */
function give(folder: string, { uid, gid }: Identity): unknown {
  let refusal: unknown;
  for (const path of [folder, ...entries(folder)]) {
    try {
      const owner = lstatSync(path);
      if (owner.uid !== uid || owner.gid !== gid) lchownSync(path, uid, gid);
    } catch (error) {
      // A file may go while we look, and a mount may be read-only.
      if (FORBIDDEN.includes(codeOf(error))) refusal ??= error;
    }
  }
  return refusal;
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return []; // Root without CAP_DAC_OVERRIDE may not look into what is somebody else's already.
  }
}

/** The groups that own what the command opens, whatever their numbers are on this machine. */
function deviceGroups(command: string, environment: Environment): number[] {
  const groups: (number | undefined)[] = [];
  if (command === 'agent' || command === 'up') {
    const socket = environment.WATTDOG_AGENT_DOCKER_SOCKET ?? environment.DOCKER_HOST ?? DOCKER_SOCKET;
    groups.push(groupOf(socket.replace(/^unix:\/\//, '')));
  }
  if (command === 'meter' || command === 'up') {
    const devices = entries('/dev').filter((path) => SERIAL_DEVICE.test(path.slice('/dev/'.length)));
    const port = environment.WATTDOG_METER_PORT;
    // Where no device manager runs they are root's, and its group is kept for the meter's own port alone.
    groups.push(...SERIAL_GROUPS, ...devices.map(groupOf).filter((group) => group !== 0));
    if (port !== undefined) groups.push(groupOf(port));
  }
  return groups.filter((group) => group !== undefined);
}

function groupOf(path: string): number | undefined {
  try {
    return statSync(path).gid;
  } catch {
    return undefined;
  }
}

function become(system: System, { uid, gid }: Identity, groups: number[]): void {
  try {
    system.setgroups?.(groups);
    system.setgid?.(gid);
    system.setuid?.(uid);
  } catch (error) {
    throw new GiveUpError(
      `becoming PUID:PGID ${uid}:${gid}: the container must have the capabilities CHOWN, SETGID and SETUID (--cap-add), or be started as that user (--user ${uid}:${gid}), got ${reason(error)}`,
    );
  }
}

/** Some file systems refuse chown and let everybody write. */
function checkWritable(folder: string, { uid, gid }: Identity, refusal: unknown): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!FORBIDDEN.includes(codeOf(error))) return;
    const { uid: owner, gid: group } = statSync(folder);
    throw new GiveUpError(
      `giving ${folder} to PUID:PGID ${uid}:${gid}: must be possible (capability CHOWN), or the folder be writable by that user; it belongs to ${owner}:${group}, got ${reason(refusal)}`,
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
