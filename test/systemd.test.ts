import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { findProgram, run } from './support/programs.ts';
import { realTest } from './support/real.ts';
import { freePort, temporaryFolder, until } from './support/system.ts';

const UNIT = 'templates/wattdog.service';
const CLONE = '/opt/wattdog';
const unit = readFileSync(UNIT, 'utf8').replaceAll(CLONE, process.cwd());
/** All that the unit says for a key, in its order. */
const said = (key: string) =>
  [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);

realTest('systemd-analyze')('systemd finds nothing wrong with the unit, and little that it exposes', (t) => {
  const path = join(temporaryFolder(t), 'wattdog.service');
  writeFileSync(path, unit);
  t.is(run('systemd-analyze', 'verify', path), '');
  // 0 is the least exposed, 100 the most; it fails above.
  t.notThrows(() => run('systemd-analyze', 'security', '--offline=true', '--threshold=20', path));
});

test('the unit starts what it needs and nothing that would break it', (t) => {
  t.deepEqual(said('Type'), ['notify']);
  t.deepEqual(said('NotifyAccess'), ['all'], 'systemd-notify is a process of its own');
  t.deepEqual(said('MemoryDenyWriteExecute'), [], 'V8 makes machine code');
  t.deepEqual(said('SupplementaryGroups'), ['dialout']);
  for (const major of [166, 188]) t.true(said('DeviceAllow').includes(`char-${major} rw`));
});

/** As systemd hears it. */
const MANAGER = `
  use Socket; $| = 1;
  socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S, sockaddr_un($ARGV[0])) || die $!;
  while (defined recv(S, my $message, 4096, 0)) { print "$message\n" }
`;

realTest('systemd-notify', 'perl')(
  'what the unit starts gets ready, tells that it lives, and ends when it is asked to',
  async (t) => {
    const folder = temporaryFolder(t);
    const socket = join(folder, 'notify');
    const manager = spawn('perl', ['-e', MANAGER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => manager.kill('SIGKILL'));
    let heard = '';
    manager.stdout.on('data', (data) => {
      heard += data;
    });
    await until('the manager to listen', 60_000, () => existsSync(socket));

    const [program = '', ...args] = said('ExecStart').join('').split(' ');
    const variables = said('Environment').join(' ').replaceAll('%S', folder).split(' ');
    const own = ['--broker.port', String(await freePort()), '--agent.http.port', '0'];
    const service = spawn(findProgram(program) ?? program, [...args, ...own], {
      cwd: said('WorkingDirectory').join(''),
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin',
        ...Object.fromEntries(variables.map((variable) => variable.split('='))),
        NOTIFY_SOCKET: socket,
        WATCHDOG_USEC: '2000000',
      },
    });
    t.teardown(() => service.kill('SIGKILL'));
    const ended = once(service, 'exit');
    await until('it to be ready', 60_000, () => heard.includes('READY=1'));
    await until('its life sign', 60_000, () => heard.includes('WATCHDOG=1'));
    t.true(existsSync(join(folder, 'wattdog', 'journal.db')), 'its state is in its state directory');
    service.kill('SIGTERM');
    t.deepEqual(await ended, [0, null]);
  },
);
