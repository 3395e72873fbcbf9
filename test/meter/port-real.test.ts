/** The port on real ptys: what the mock of serialport cannot do. */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ExecutionContext } from 'ava';
import { SerialPort } from 'serialport';
import type { PortOptions } from '../../meter/port.ts';
import { systemTime } from '../../shared/time.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { realTest } from '../support/real.ts';
import { temporaryFolder, until } from '../support/system.ts';
import { listenTo } from './port-events.ts';

const test = realTest('socat');
/** Long enough for any machine. */
const ENOUGH = 20_000;

function listen(t: ExecutionContext, path: string, options: Partial<PortOptions> = {}) {
  return listenTo(
    t,
    { path, ...options },
    {
      createPort: (asked) => new SerialPort({ ...asked, autoOpen: false, hupcl: false }),
      time: systemTime,
      random: () => 0,
    },
  );
}

/** Sends lines until one of them arrived: those before the port was opened are lost. */
async function speak(pty: Pty, line: string, text: () => string): Promise<void> {
  await until(`${JSON.stringify(line)} to arrive`, ENOUGH, () => {
    pty.write(line);
    return text().includes(line);
  });
}

test('a real device is opened and read', async (t) => {
  const pty = await openPty(t);
  const { events, text } = listen(t, pty.path);
  await speak(pty, '1 2\r\n', text);
  t.deepEqual(events, ['opened']);
});

/** What the terminal itself says of its rate. */
const rateOf = (path: string) =>
  Number(execFileSync('stty', ['-F', path, 'speed'], { encoding: 'utf8' }).trim());

test('a real device is opened at its rate, written to, and read at another without being closed', async (t) => {
  const pty = await openPty(t);
  let written = '';
  pty.onWritten((bytes) => {
    written += bytes.toString('latin1');
  });
  const { port, events, text } = listen(t, pty.path, { baud: 300, framing: '7E1' });
  await speak(pty, 'ready', text);
  t.is(rateOf(pty.path), 300);
  port()?.write(Buffer.from('/?!\r\n'));
  await until('the question', ENOUGH, () => written === '/?!\r\n');
  await port()?.setBaud(9600);
  t.is(rateOf(pty.path), 9600);
  await speak(pty, 'data', text);
  t.deepEqual(events, ['opened']);
});

test('a device that is pulled out is noticed, and read again when it is back', async (t) => {
  const pty = await openPty(t);
  // Now and then serialport is just reading when the device goes; then only silence tells.
  const { events, text } = listen(t, pty.path, { settle: 0, silence: 1000 });
  for (const line of ['1 2\r\n', '3 4\r\n']) {
    await speak(pty, line, text);
    await pty.unplug();
    await until('a try without the device', ENOUGH, () => /No such file/.test(events.at(-1) ?? ''));
    await pty.plug();
  }
  await speak(pty, '5 6\r\n', text);
  t.true(events.filter((event) => event === 'opened').length >= 3);
});

test('a device that is missing at first is read once it is there', async (t) => {
  const pty = await openPty(t);
  await pty.unplug();
  const { events, text } = listen(t, pty.path);
  await until('a try', ENOUGH, () => events.length > 0);
  t.regex(events[0] ?? '', /^closed: No such file or directory, cannot open /);
  await pty.plug();
  await speak(pty, '1 2\r\n', text);
});

test('a port that another reader holds is said to be locked, and read once it is free', async (t) => {
  const pty = await openPty(t);
  const first = listen(t, pty.path);
  await speak(pty, '1 2\r\n', first.text);
  const second = listen(t, pty.path);
  await until('the second to be refused', ENOUGH, () => second.events.length > 0);
  t.regex(second.events[0] ?? '', /^closed: .*Cannot lock port/);
  await first.stop();
  await speak(pty, '3 4\r\n', second.text);
});

test('a device that falls silent is closed and opened again, until it speaks', async (t) => {
  const pty = await openPty(t);
  const { events, text } = listen(t, pty.path, { settle: 0, silence: 200 });
  await until('two rounds of silence', ENOUGH, () => events.filter((event) => event === 'opened').length > 2);
  t.regex(events[1] ?? '', /^closed: no byte for 0\.\d s$/);
  await speak(pty, '1 2\r\n', text);
});

/** A reader in a process of its own, which stands still from the line `stop` until it is released. */
function startReader(t: ExecutionContext, path: string, silence: number) {
  const script = join(import.meta.dirname, 'port-reader.ts');
  const release = join(temporaryFolder(t), 'release');
  const child = spawn(process.execPath, [script, path, String(silence), release], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const said: { data?: string; closed?: string }[] = [];
  createInterface(child.stdout).on('line', (line) => said.push(JSON.parse(line)));
  return {
    pid: child.pid ?? 0,
    text: () => said.map(({ data }) => data ?? '').join(''),
    losses: () => said.flatMap(({ closed }) => closed ?? []),
    release: () => writeFileSync(release, ''),
  };
}

/** Processor time of a process and all its threads, ms. */
function processorTime(pid: number): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number);
  return (user + system) * 10;
}

test('a device that goes while the reader stands still is lost without any event: silence ends that', async (t) => {
  const pty = await openPty(t);
  const reader = startReader(t, pty.path, 2000);
  await speak(pty, 'stop\r\n', reader.text);
  await pty.unplug();
  const spinning = processorTime(reader.pid);
  reader.release();
  await until('the loss to be noticed', ENOUGH, () => reader.losses().length > 0);
  t.regex(reader.losses()[0] ?? '', /^no byte for \d/);
  t.log(`${processorTime(reader.pid) - spinning} ms of processor time until the loss was noticed`);
  await pty.plug();
  await speak(pty, '1 2\r\n', reader.text);

  const before = processorTime(reader.pid);
  const started = Date.now();
  await until('a second to pass', ENOUGH, () => Date.now() - started > 1000);
  t.true(processorTime(reader.pid) - before < 200, 'the lost descriptor is still read');
});

test('a reader that stood still itself does not take that for silence of the device', async (t) => {
  const pty = await openPty(t);
  const reader = startReader(t, pty.path, 4000);
  await speak(pty, 'stop\r\n', reader.text);
  const started = Date.now();
  await until('more than the silence to pass', ENOUGH, () => {
    pty.write('1 2\r\n');
    return Date.now() - started > 5000;
  });
  reader.release();
  await speak(pty, '3 4\r\n', reader.text);
  t.deepEqual(reader.losses(), []);
});
