import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createSerialPort } from '../../meter/device.ts';
import { holderOf, withHolder } from '../../meter/holder.ts';
import { findProgram } from '../support/programs.ts';
import { openPty } from '../support/pty.ts';
import { realTest } from '../support/real.ts';
import { type Owner, temporaryFolder } from '../support/system.ts';

const TOP = join(import.meta.dirname, '../..');

function end(t: Owner, child: ChildProcess): void {
  t.teardown(async () => {
    const ended = once(child, 'exit');
    if (child.kill('SIGKILL')) await ended;
  });
}

/** A process that does as `code` says until it prints something, and keeps what it has open. */
async function holder(t: Owner, code: string, path: string): Promise<number | undefined> {
  const child = spawn(process.execPath, ['-e', code, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: TOP,
  });
  end(t, child);
  await once(child.stdout, 'data');
  return child.pid;
}

const OPEN = `
  require('node:fs').openSync(process.argv[1], 'r');
  console.log('ready');
  setInterval(() => {}, 1000);
`;

/** What serialport says when it opens the port. */
async function openingError(t: ExecutionContext, path: string): Promise<string> {
  const port = createSerialPort({ path, baudRate: 9600 });
  const error = await new Promise<Error | null>((resolve) => port.open(resolve));
  t.truthy(error);
  return error?.message ?? '';
}

test('the holder of a file is named', async (t) => {
  const path = join(temporaryFolder(t), 'file');
  writeFileSync(path, '');
  t.is(holderOf(path), undefined);
  const pid = await holder(t, OPEN, path);
  t.is(holderOf(path), `held by pid ${pid} (node)`);
});

test('we ourselves are not named, nor is anybody for what is not there', (t) => {
  const path = join(temporaryFolder(t), 'file');
  const fd = openSync(path, 'w');
  t.teardown(() => closeSync(fd));
  t.is(holderOf(path), undefined);
  t.is(holderOf(join(path, 'nowhere')), undefined);
});

test('what is no matter of a holder is left as it was said', (t) => {
  t.is(
    withHolder('No such file or directory, cannot open /dev/ttyX', '/dev/ttyX'),
    'No such file or directory, cannot open /dev/ttyX',
  );
  // The holder cannot be seen.
  t.is(withHolder('Cannot lock port', '/dev/ttyX'), 'Cannot lock port');
});

const LOCK = `
  const port = new (require('serialport').SerialPort)({ path: process.argv[1], baudRate: 9600, autoOpen: false });
  port.open((error) => console.log(error ? error.message : 'ready'));
  setInterval(() => {}, 1000);
`;

realTest('socat')(
  'a port that another serialport has locked: its holder is named, by any of the device’s names',
  async (t) => {
    const pty = await openPty(t);
    const pid = await holder(t, LOCK, realpathSync(pty.path));
    const said = await openingError(t, pty.path);
    t.regex(said, /Resource temporarily unavailable Cannot lock port/);
    t.regex(withHolder(said, pty.path), new RegExp(`Cannot lock port, held by .*pid ${pid} \\(node\\)`));
  },
);

realTest(
  'socat',
  'perl',
  'setpriv',
)('a port that another program has for itself alone (TIOCEXCL): its holder is named', async (t) => {
  const pty = await openPty(t);
  const held = spawn(
    findProgram('perl') ?? 'perl',
    ['-e', 'open(F, "+<", $ARGV[0]); ioctl(F, 0x540C, 0) or die; $| = 1; print "ready"; sleep', pty.path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  end(t, held);
  await once(held.stdout, 'data');
  // Root may open it all the same, so the one who tries is root without that right, or nobody special.
  const bound =
    process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin'] : [];
  const [program = '', ...args] = [...bound, process.execPath, '-e', LOCK, pty.path];
  const tries = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: TOP });
  end(t, tries);
  const [said] = await once(tries.stdout, 'data');
  t.regex(String(said), /Device or resource busy, cannot open/);
  t.regex(
    withHolder(String(said).trim(), pty.path),
    new RegExp(`cannot open .*, held by .*pid ${held.pid} \\(perl\\)`),
  );
});
