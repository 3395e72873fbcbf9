import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { FORMATS } from '../../meter/decoders/formats.ts';
import { readout } from '../../meter/decoders/golden/d0.ts';
import { bytes } from '../../meter/decoders/golden/variant.ts';
import { findProgram } from '../../support/programs.ts';
import { openPty } from '../../support/pty.ts';
import { realTest } from '../../support/real.ts';
import { temporaryFolder, until } from '../../support/system.ts';
import { openDevice, runWattdog, wattdog } from '../support.ts';

const test = realTest('socat', 'stty');

/** A device that sends the same every 50 ms, from the first moment that somebody listens. */
async function sniffing(
  t: ExecutionContext,
  bytesAt: (path: string, count: number) => string | Uint8Array,
  args: string[] = [],
) {
  const { path, socat } = await openDevice(t);
  const sniff = wattdog(t, ['sniff', '--port', path, ...args]);
  let count = 0;
  const timer = setInterval(() => {
    // Before it is open, it is held by nobody.
    if (!/opening/.test(sniff.out() + sniff.err())) return;
    socat.stdin?.write(bytesAt(path, count++));
  }, 50);
  t.teardown(() => clearInterval(timer));
  return { ...sniff, path, socat };
}

test('lines are shown as they come, with the decoder that reads them and the command to go on with', async (t) => {
  const { ended, out, err, path } = await sniffing(t, () => '3 7\r\n', ['--lines', '6']);
  t.is(await ended, 0, err());
  t.regex(out(), /^opening .*tty at 9600 baud; this may reset the device/);
  t.is(out().match(/^\d\d:\d\d:\d\d[.,]\d{3} +(\+\d\.\d\d s)? {2}3 7$/gm)?.length, 6, out());
  t.regex(
    out(),
    /\n\d+ bytes at 9600 baud 8N1, 100 % text, messages (every \d\.\d\d s \(\d\.\d\d to \d\.\d\d s\)|no cadence yet)\n/,
  );
  t.regex(out(), /\namps +\d+ +0 .*\n/);
  t.regex(out(), /\npanel +0 +\d+ +not this format .*\n/);
  t.true(out().includes(`\nto read it:    npm start -- --port ${path} --decoder amps\n`), out());
  t.true(out().includes(`METER_PORT=${path} METER_DECODER=amps\n`), out());
});

test('what the command must say beside the port is in it', async (t) => {
  const { ended, out, err } = await sniffing(t, () => '1 2 3\n', ['--lines', '4', '--baud', '115200']);
  t.is(await ended, 0, err());
  t.true(out().includes(`--decoder amps --baud 115200 --meter.phases '[{}, {}, {}]'\n`), out());
  t.true(out().includes(`METER_DECODER=amps METER_BAUD=115200 METER_PHASES='[{}, {}, {}]'\n`), out());
});

test('noise is hex and exit code 1, with what to try', async (t) => {
  const noise = (_path: string, count: number) =>
    Uint8Array.from({ length: 40 }, (_, index) => 128 + ((count * 40 + index) % 128));
  const { ended, out, err } = await sniffing(t, noise, ['--lines', '3']);
  t.is(await ended, 1);
  t.regex(out(), / {2}([89a-f][0-9a-f] ){30,}/);
  t.regex(out(), /, 0 % text \(bit 8 is set in 100 % of the bytes\), /);
  t.regex(err(), /a decoder must understand what comes, but it is no text at 9600 baud, .*--baud auto tries/);
});

test('text that no decoder knows is exit code 1, and shown so that it cannot command the terminal', async (t) => {
  const { ended, out, err } = await sniffing(t, () => 'current: 3.1 A \x1b[2J voltage: 230 V\n', [
    '--lines',
    '3',
  ]);
  t.is(await ended, 1);
  t.true(out().includes('  current: 3.1 A \\x1b[2J voltage: 230 V\n'), out());
  t.regex(err(), /it is text, but of a format that no decoder knows\n$/);
});

test('silence is exit code 1, and told as that', async (t) => {
  const { path } = await openDevice(t);
  const { code, err } = await runWattdog(t, ['sniff', '--port', path, '--for', '500ms']);
  t.is(code, 1);
  t.regex(err, /nothing came: does the device send by itself/);
});

test('a device that another process has open is left alone', async (t) => {
  const { path } = await openPty(t);
  const { code, out, err } = await runWattdog(t, ['sniff', '--port', path]);
  t.is(code, 1);
  t.is(out, '');
  t.regex(err, new RegExp(`nobody else may have it open, .* it is held by pid ${process.pid} \\(\\w+\\)`));
});

test('the baud rate is found by trying, each with its score', async (t) => {
  const noise = Uint8Array.from({ length: 30 }, (_, index) => 0x80 + index);
  const scores = () => out().match(/ baud +\d+ bytes/g)?.length ?? 0;
  // As at two wrong rates; then as at the right one.
  const { child, ended, out, err, path } = await sniffing(t, () => (scores() < 2 ? noise : '3 7\n'), [
    '--baud',
    'auto',
  ]);
  await until('lines', 60_000, () => out().split('  3 7\n').length > 3);
  const { stdout } = spawnSync('stty', ['-F', path, 'speed'], { encoding: 'utf8' });
  t.is(stdout, '57600\n', out());
  child.kill('SIGINT');
  t.is(await ended, 0, err());
  t.regex(
    out(),
    / 9600 baud +\d+ bytes {2}\d+ % text \(bit 8 is set in \d+ % of the bytes\), no decoder understands it\n/,
  );
  t.regex(out(), / 115200 baud +\d+ bytes {2}\d+ % text .*, no decoder understands it\n/);
  t.regex(out(), / 57600 baud +\d+ bytes {2}\d+ % text, amps understands \d+ of \d+\n57600 baud fits best\n/);
  t.false(out().includes('38400'), 'what is proved needs no more trying');
  t.regex(out(), /--decoder amps --baud 57600\n/);
});

test('for programs, each event is a line of JSON, and nothing else', async (t) => {
  const { ended, out, err } = await sniffing(t, () => '3 7\n', ['--lines', '3', '--json']);
  t.is(await ended, 0, err());
  const events = out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; data: Record<string, unknown> });
  t.deepEqual(
    events.map(({ event }) => event),
    ['frame', 'frame', 'frame', 'end'],
  );
  t.like(events[0]?.data, { text: '3 7', hex: '3320370a' });
  t.true(Math.abs(Date.parse(String(events[0]?.data.time)) - Date.now()) < 60_000);
  t.like(events[3]?.data, { baud: 9600, text: 1, decoder: 'amps' });
});

test('Ctrl-C ends it with what was heard', async (t) => {
  const { child, ended, out, err } = await sniffing(t, () => '3 7\n');
  await until('lines', 60_000, () => out().split('  3 7\n').length > 3);
  child.kill('SIGINT');
  t.is(await ended, 0, err());
  t.regex(out(), /\nto read it: /);
});

test('a device that goes is exit code 1, after what was heard', async (t) => {
  const { ended, out, err, socat } = await sniffing(t, () => '3 7\n');
  await until('lines', 60_000, () => out().split('  3 7\n').length > 3);
  socat.kill('SIGTERM');
  t.is(await ended, 1);
  t.regex(out(), /\namps +[1-9]\d* +0 /);
  t.regex(err(), /^wattdog: sniffing .*: the port must stay open, got its device unplugged \(.+\)\n$/);
});

test('settings whose decoder is still to be found do not stand in its way', async (t) => {
  const { path, socat } = await openDevice(t);
  const cwd = temporaryFolder(t);
  writeFileSync(join(cwd, 'wattdog.yaml'), `meter: { port: ${path}, baud: 19200 }`);
  const { ended, out, err } = wattdog(t, ['sniff', '--lines', '2'], { cwd });
  const timer = setInterval(() => socat.stdin?.write('3 7\n'), 50);
  t.teardown(() => clearInterval(timer));
  t.is(await ended, 0, err());
  t.regex(out(), /at 19200 baud/);
});

test('the simulated panel can be listened to', async (t) => {
  const args = ['sniff', '--port', 'simulated', '--meter.simulated_cadence', '50ms', '--lines', '3'];
  const { code, out, err } = await runWattdog(t, args);
  t.is(code, 0, err);
  t.regex(out, /^listening to the SIMULATED panel\n/);
  t.regex(out, /\npanel +\d+ +0 /);
  t.regex(out, /\nto read it: +npm start\n$/);
});

test('binary frames are hex, cut at pauses, with the decoder that reads them', async (t) => {
  const frames = FORMATS.sml[0]?.frames.map(({ frame }) => bytes(frame)) ?? [];
  const { path, socat } = await openDevice(t);
  const { ended, out, err } = wattdog(t, ['sniff', '--port', path, '--lines', '4']);
  await until('it to listen', 60_000, () => /opening/.test(out()));
  for (let count = 0; (out().match(/ {2}1b 1b 1b 1b/g)?.length ?? 0) < 4; count += 1) {
    socat.stdin?.write(frames[count % frames.length] ?? '');
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  t.is(await ended, 0, err());
  t.regex(
    out(),
    /\n\d\d:\d\d:\d\d[.,]\d{3} .* {2}1b 1b 1b 1b 01 01 01 01 76 ([0-9a-f]{2} )*1a 0[0-3] .. ..\n/,
  );
  t.regex(out(), /\nsml: samples every \d/);
  t.true(out().includes(`--port ${path} --decoder sml\n`), out());
});

/** A device that hears what is written to it. @param answer to all that came since it answered last. */
async function answering(
  t: ExecutionContext,
  answer: (asked: Buffer) => string | Uint8Array | undefined,
): Promise<string> {
  const path = join(temporaryFolder(t), 'tty');
  const device = spawn(findProgram('socat') ?? '', [`pty,ptmx,raw,echo=0,link=${path},ignoreeof`, 'stdio'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => device.kill('SIGTERM'));
  let asked = Buffer.alloc(0);
  device.stdout.on('data', (chunk: Buffer) => {
    asked = Buffer.concat([asked, chunk]);
    const said = answer(asked);
    if (said === undefined) return;
    asked = Buffer.alloc(0);
    device.stdin.write(said);
  });
  await until(`socat to make ${path}`, 10_000, () => existsSync(path));
  return path;
}

test('a meter that answers by name, and sleeps, is asked so; without, both are named', async (t) => {
  const path = await answering(t, (asked) =>
    /^\0{60,}\/\?0012!\r\n$/.test(asked.toString('latin1'))
      ? readout(['1.8.0(000047.5*kWh)']).replace('LGZ5', 'LGZ?')
      : undefined,
  );
  const ask = ['sniff', '--port', path, '--ask', 'd0', '--meter.settle', '0s'];
  const name = ['--meter.device_address', '0012', '--meter.wake_up', 'true'];
  const { code, out, err } = await runWattdog(t, [...ask, ...name, '--lines', '4']);
  t.is(code, 0, err);
  t.regex(out, /\nd0 +1 +0 /);
  t.true(out.includes(`--decoder d0 --meter.poll 30s ${name.join(' ')}\n`), out);
  t.true(out.includes('METER_POLL=30s METER_DEVICE_ADDRESS=0012 METER_WAKE_UP=true\n'), out);
  const unknown = await runWattdog(t, [...ask, '--for', '4s']);
  t.is(unknown.code, 1);
  t.regex(
    unknown.err,
    /the number printed on them \(--meter\.device_address .* \(--meter\.wake_up true\)\n$/,
  );
});

test('a module that must be asked is asked, and answers', async (t) => {
  const [, { frame = '' } = {}] = FORMATS.pzem[0]?.frames ?? [];
  const path = await answering(t, (asked) => (asked.length >= 8 ? frame : undefined));
  const { ended, out, err } = wattdog(t, ['sniff', '--port', path, '--ask', 'pzem', '--lines', '3']);
  t.is(await ended, 0, err());
  t.regex(out(), /^opening .* at 9600 baud; .*; pzem is asked\n/);
  t.regex(out(), / {2}02 04 14 ([0-9a-f]{2} ?){22}\n/);
  t.regex(out(), /\npzem: samples every .*; addresses that answer: 2\n/);
  t.true(out().includes('--decoder pzem --meter.address 2\n'), out());
});

test('what cannot be listened to, or is asked wrongly, is said', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'file'), '');
  for (const [args, code, message] of [
    [[], 2, /--port must name one of .*, or simulated, got nothing\n$/],
    [['--port', '/dev/nowhere'], 1, /sniffing \/dev\/nowhere: must exist, but does not; found /],
    [['--port', join(folder, 'file')], 1, /must be a serial port that can be opened, got /],
    [
      ['--port', 'simulated', '--baud', 'fast'],
      2,
      /--baud must be bits per second such as 9600, or auto, got fast/,
    ],
    [['--port', 'simulated', '--baud', 'auto'], 2, /--baud must be left out for the simulated panel/],
    [['--port', 'simulated', '--for', 'ever'], 2, /--for must be a number with a unit .*, got ever/],
    [['--port', 'simulated', '--framing', '9N1'], 2, /--framing must be one of 8N1, 7E1, .*, got 9N1/],
    [['--port', 'simulated', '--ask', 'sml'], 2, /--ask must be pzem or d0, got sml/],
    [['--port', 'simulated', '--ask', 'd0'], 2, /--ask must be left out for the simulated panel/],
    [['--port', folder, '--ask', 'd0', '--baud', 'auto'], 2, /--baud must be a number, or left out, where/],
    [['--port', 'simulated', '--lines', '0'], 2, /--lines must be a whole number from 1 on, got 0/],
  ] as const) {
    const { code: given, err } = await runWattdog(t, ['sniff', ...args]);
    t.is(given, code, `${args}: ${err}`);
    t.regex(err, message);
    t.notRegex(err, /\n {4}at /);
  }
});
