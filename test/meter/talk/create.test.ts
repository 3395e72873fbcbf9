import type { ExecutionContext } from 'ava';
import type { Decoded } from '../../../meter/decoders/decoder.ts';
import { readLine } from '../../../meter/line.ts';
import { settingsSchema } from '../../../shared/settings/schema.ts';
import { systemTime } from '../../../shared/time.ts';
import { openPty, type Pty } from '../../support/pty.ts';
import { realTest } from '../../support/real.ts';
import { silentLog, until } from '../../support/system.ts';
import { readout } from '../decoders/golden/d0.ts';

const test = realTest('socat');
/** ms; long enough for any machine. */
const ENOUGH = 60_000;

/** Reads a line with these settings; what was decoded of it so far. */
function reading(t: ExecutionContext, { path: port }: Pty, settings: object): Decoded[] {
  const meter = { port, decoder: 'd0', poll: '500ms', settle: '0s', silence: '60s', ...settings };
  const heard: Decoded[] = [];
  const stop = new AbortController();
  const running = readLine(
    [
      {
        settings: settingsSchema.parse({ meter }).meter,
        opened() {},
        heard: (_bytes, decoded) => heard.push(decoded),
        closed() {},
      },
    ],
    { time: systemTime, log: silentLog, simulatedPart: 1 },
    stop.signal,
  );
  t.teardown(async () => {
    stop.abort();
    await running;
  });
  return heard;
}

/** A meter that sleeps until it hears zeros, and then answers to its name alone, once. */
function fakeMeter(pty: Pty, name: string) {
  const requests: string[] = [];
  let asked = '';
  let zeros = 0;
  pty.onWritten((bytes) => {
    asked += bytes.toString('latin1');
    const [, , address] = /^(\0*)\/\?(.*)!\r\n$/s.exec(asked) ?? [];
    if (address === undefined) return;
    requests.push(address);
    zeros = asked.lastIndexOf('\0') + 1;
    asked = '';
    // `?`: it stays at its rate and waits for nothing.
    if (address === name && zeros >= 60) pty.write(readout(['1.8.0(000047.5*kWh)']).replace('LGZ5', 'LGZ?'));
  });
  return requests;
}

const readings = (heard: Decoded[]) => heard.flatMap(({ samples }) => samples);

test('a meter that sleeps and answers by name only is read with both told, and not without', async (t) => {
  const [known, unknown, unwoken] = await Promise.all([openPty(t), openPty(t), openPty(t)]);
  const name = '0012345678';
  fakeMeter(known, name);
  const requests = [fakeMeter(unknown, name), fakeMeter(unwoken, name)];
  const heard = reading(t, known, { device_address: name, wake_up: true });
  const others = [reading(t, unknown, { wake_up: true }), reading(t, unwoken, { device_address: name })];
  await until('two readings', ENOUGH, () => readings(heard).length >= 2);
  t.deepEqual(readings(heard)[0]?.registers, { import: 47.5 });
  await until('the others to have asked', ENOUGH, () => requests.every((each) => each.length > 0));
  t.deepEqual(
    requests.map(([first]) => first),
    ['', name],
  );
  t.deepEqual(others.flatMap(readings), []);
});
