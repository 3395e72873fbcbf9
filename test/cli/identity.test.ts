import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { assumeIdentity } from '../../cli/identity.ts';
import { GiveUpError } from '../../shared/errors.ts';
import { findProgram } from '../support/programs.ts';
import { realTest } from '../support/real.ts';
import { temporaryFolder, until } from '../support/system.ts';

/** Nothing is changed in it: what it would become is noted. */
function fakeProcess(uid: number, gid = uid, groups = [gid]) {
  const done: [string, unknown][] = [];
  const note =
    (what: string) =>
    (value: unknown): void =>
      void done.push([what, value]);
  const system = {
    getuid: () => uid,
    getgid: () => gid,
    getgroups: () => groups,
    setuid: note('uid'),
    setgid: note('gid'),
    setgroups: note('groups'),
    umask: (mask?: string | number) => done.push(['umask', mask]),
  };
  return { system, done };
}

/** What it did, as root with nothing mounted. */
function become(command: string, environment: Record<string, string>, uid = 0, groups = [0]) {
  const { system, done } = fakeProcess(uid, uid, groups);
  assumeIdentity(system, command, { DOCKER_HOST: '/nowhere', ...environment });
  return done;
}

test('root becomes PUID:PGID with UMASK, and keeps the groups it was given but root’s', (t) => {
  t.deepEqual(become('agent', { PUID: '1000', PGID: '1001', UMASK: '027' }, 0, [0, 44]), [
    ['umask', 0o27],
    ['groups', [44]],
    ['gid', 1001],
    ['uid', 1000],
  ]);
});

test('a form’s empty field counts as not given; the other of the two has Unraid’s number', (t) => {
  t.deepEqual(become('agent', { PUID: '', PGID: '7', UMASK: '' }).slice(1), [
    ['gid', 7],
    ['uid', 99],
  ]);
  t.deepEqual(become('agent', { PUID: '7', PGID: '' }).slice(1), [
    ['gid', 100],
    ['uid', 7],
  ]);
});

test('whoever is not root, is not asked or is it already stays who they are', (t) => {
  t.deepEqual(become('agent', { PUID: '99', PGID: '100', UMASK: '022' }, 1000), [['umask', 0o22]]);
  t.deepEqual(become('agent', {}), []);
  t.deepEqual(become('agent', { PUID: '', PGID: '', UMASK: '' }), []);
  t.deepEqual(become('agent', { PUID: '0', PGID: '0' }), []);
});

test('the agent keeps the group of the engine’s socket, the meter those of serial devices, others neither', async (t) => {
  const socket = join(temporaryFolder(t), 'docker.sock');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { gid } = statSync(socket);
  const groupsOf = (command: string) => {
    const environment = { PUID: '99', DOCKER_HOST: `unix://${socket}`, WATTDOG_METER_PORT: '/nowhere' };
    return new Map(become(command, environment)).get('groups') as number[];
  };
  t.deepEqual(groupsOf('agent'), [gid]);
  t.deepEqual(groupsOf('gaps'), []);
  const meter = groupsOf('meter');
  t.deepEqual(meter.slice(0, 3), [20, 16, 18], 'the device may be plugged in later');
  t.false(meter.includes(0), 'other devices are none of its business');
  t.true(groupsOf('up').includes(gid));
  t.is(new Set(groupsOf('up')).size, groupsOf('up').length);
});

test('the group of the meter’s own port is kept, whatever it is', (t) => {
  const port = join(temporaryFolder(t), 'tty');
  writeFileSync(port, '');
  const groups = new Map(become('meter', { PUID: '99', WATTDOG_METER_PORT: port })).get('groups');
  t.true((groups as number[]).includes(statSync(port).gid));
});

for (const [name, value, rule] of [
  ['PUID', 'nobody', /^reading PUID: must be the number of a user or group such as 99, got "nobody"$/],
  ['PGID', '-1', /^reading PGID: /],
  ['PUID', '4294967295', /^reading PUID: /],
  ['UMASK', '0o22', /^reading UMASK: must be an octal number such as 022, got "0o22"$/],
  ['UMASK', '1777', /^reading UMASK: /],
] as const)
  test(`refused: ${name}=${value}`, (t) => {
    const error = t.throws(() => become('agent', { [name]: value }), { instanceOf: GiveUpError });
    t.regex(error?.message ?? '', rule);
    t.is(error?.exitCode, 78);
  });

/** Real processes, which only root can have become somebody else. */
function rootTest(...programs: string[]) {
  if (process.getuid?.() === 0) return realTest(...programs);
  if (process.env.REQUIRE_REAL === '1')
    throw new Error('REQUIRE_REAL=1 forbids skipping, but this is not root');
  process.stderr.write('skipping: not root\n');
  return test.skip;
}

/** A folder as Docker makes one for a mount: root's; with a file in it, and one further down. */
function mountedFolder(t: ExecutionContext): string {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  mkdirSync(join(data, 'deep'), { recursive: true });
  writeFileSync(join(data, 'old'), '');
  writeFileSync(join(data, 'deep', 'old'), '');
  return data;
}

const ownerOf = (path: string) => {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
};

function start(data: string, environment: Record<string, string>, wrap: string[] = [], args = ['broker']) {
  const [program = process.execPath, ...rest] = [...wrap, process.execPath, 'cli/main.ts', ...args];
  const { PATH = '' } = process.env;
  return spawn(findProgram(program) ?? program, rest, {
    env: { PATH, WATTDOG_DATA: data, WATTDOG_BROKER_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

rootTest()(
  'a process of root’s is PUID:PGID with no capability, and so is what it had and makes',
  async (t) => {
    const data = mountedFolder(t);
    const child = start(data, {
      ...{ PUID: '4711', PGID: '4712', UMASK: '077', WATTDOG_BROKER_CREDENTIALS: join(data, 'credentials') },
    });
    t.teardown(() => child.kill('SIGKILL'));
    const made = join(data, 'credentials', 'meter');
    await until('the password', 20_000, () => statSync(made, { throwIfNoEntry: false }) !== undefined);
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    t.regex(status, /^Uid:\t4711\t4711\t4711\t4711$/m);
    t.regex(status, /^Gid:\t4712\t4712\t4712\t4712$/m);
    t.notRegex(status, /^Groups:.*\b0\b/m);
    t.regex(status, /^CapEff:\t0+$/m);
    t.regex(status, /^CapPrm:\t0+$/m);
    t.regex(status, /^Umask:\t0077$/m);
    for (const path of [data, join(data, 'old'), join(data, 'deep'), made])
      t.is(ownerOf(path), '4711:4712', path);
    t.is(ownerOf(join(data, 'deep', 'old')), '0:0', 'no start walks through trees');
  },
);

rootTest('setpriv')('without the right to become somebody else, it says what to give it', async (t) => {
  const child = start(mountedFolder(t), { PUID: '99', PGID: '100' }, ['setpriv', '--bounding-set=-all']);
  const [, complaint, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('close', resolve)),
  ]);
  t.is(
    complaint,
    'wattdog: becoming PUID:PGID 99:100: the container must have the capabilities CHOWN, SETGID and SETUID (--cap-add), or be started as that user (--user 99:100), got EPERM, Operation not permitted\n',
  );
  t.is(code, 1);
});

rootTest('setpriv')(
  'a folder that it may not give away is refused, unless that user may write to it',
  async (t) => {
    const data = mountedFolder(t);
    const check = async () => {
      const wrap = ['setpriv', '--bounding-set=-all,+setuid,+setgid'];
      const child = start(data, { PUID: '99', PGID: '100' }, wrap, ['check']);
      const [, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
      return complaint;
    };
    t.is(
      await check(),
      `wattdog: giving ${data} to PUID:PGID 99:100: must be possible (capability CHOWN), or the folder be writable by that user; it belongs to 0:0, got EPERM: operation not permitted, lchown '${data}'\n`,
    );
    chmodSync(data, 0o777);
    t.is(await check(), '');
    chmodSync(data, 0o755);
    chownSync(data, 99, 100);
    t.is(await check(), '', 'what is in it is its own affair');
  },
);
