import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { pino } from 'pino';
import { createWatchdog } from '../../../agent/notify/watchdog.ts';
import { realTest } from '../../support/real.ts';
import { silentLog, temporaryFolder, until } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';

/** Prints what comes; unlike socat it keeps none of the descriptors by which systemd-notify sees that it was read. */
const MANAGER = `
  use Socket; $| = 1;
  socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S, sockaddr_un($ARGV[0])) || die $!;
  while (defined recv(S, my $message, 4096, 0)) { print "$message\n" }
`;

realTest('systemd-notify', 'perl')('systemd hears that we are ready, and then twice a term', async (t) => {
  const socket = join(temporaryFolder(t), 'notify');
  const manager = spawn('perl', ['-e', MANAGER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => manager.kill('SIGKILL'));
  let heard = '';
  manager.stdout.on('data', (data) => {
    heard += data;
  });
  await until('the manager to listen', 60_000, () => existsSync(socket));

  const time = virtualTime();
  const environment = { ...process.env, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '30000000' };
  const beat = createWatchdog(environment, { time, log: silentLog });
  const words = () => heard.match(/READY=1|WATCHDOG=1/g) ?? [];
  await until('four words', 60_000, async () => {
    beat?.();
    await time.advance(250);
    return words().length >= 4;
  });
  t.deepEqual(words().slice(0, 4), ['READY=1', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1']);
  t.true(words().length <= 1 + time.monotonic() / 15_000);
});

test('where no systemd listens there is nothing to do', (t) => {
  const deps = { time: virtualTime(), log: silentLog };
  t.is(createWatchdog({}, deps), undefined);
  t.is(createWatchdog({ NOTIFY_SOCKET: '', WATCHDOG_USEC: '1' }, deps), undefined);
});

test('that the program is missing is said once', async (t) => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const time = virtualTime();
  const environment = { NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '2000000', PATH: temporaryFolder(t) };
  const beat = createWatchdog(environment, { time, log });
  await until('the complaint', 60_000, () => {
    beat?.();
    return lines.length === 1;
  });
  for (let turn = 0; turn < 20; turn++) {
    beat?.();
    await time.advance(5000);
  }
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /systemd-notify must be installed/);
});
