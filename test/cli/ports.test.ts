import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { inspect, portRow } from '../../cli/ports.ts';
import { realTest } from '../support/real.ts';
import { temporaryFolder } from '../support/system.ts';
import { openDevice, runWattdog } from './support.ts';

test('the devices of this machine are listed, or else what may be wrong', async (t) => {
  const { code, out, err } = await runWattdog(t, ['ports']);
  t.is(code, 0, err);
  const json = await runWattdog(t, ['ports', '--json']);
  t.is(json.code, 0);
  const ports = json.out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { path: string });
  if (ports.length === 0)
    for (const text of ['plugged in?', 'container?', 'machine?']) t.true(out.includes(text), out);
  else for (const { path } of ports) t.true(out.includes(path));
});

test('settings that name a device which is not there are told, though its decoder is still to be found', async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(join(cwd, 'wattdog.yaml'), 'meter: { port: /dev/ttyACM99 }');
  const { code, out, err } = await runWattdog(t, ['ports'], { cwd });
  t.is(code, 0, err);
  t.regex(out, /\nthe settings name another, which is not among them: \/dev\/ttyACM99\n/);
});

realTest('socat')('a port is told with who holds it and whether it is the one of the settings', async (t) => {
  const { path } = await openDevice(t);
  const device = {
    path: '/dev/serial/by-id/usb-Arduino',
    tty: path,
    vendor: 'Arduino',
    product: 'Uno',
    usb: '2341:0043',
  };
  const port = inspect(device, ['/dev/nowhere', path]);
  t.like(port, { holder: null, refused: null, configured: true });
  t.deepEqual(portRow({ ...port, refused: null, holder: 'held by pid 7 (screen)' }), {
    port: '/dev/serial/by-id/usb-Arduino',
    tty: path,
    device: 'Arduino Uno',
    usb: '2341:0043',
    driver: '',
    state: 'held by pid 7 (screen)',
    settings: 'meter.port',
  });
  t.like(portRow({ path, tty: path, holder: null, refused: null, configured: false }), {
    tty: '',
    device: 'the board’s own',
    state: 'free',
    settings: '',
  });
});
