/**
 * A child of port-real.test.ts: reads the port it is given and says what happens, one JSON line each. When
 * it reads `stop` it stands still, as a process that computes or swaps does, until the named file exists.
 */
import { existsSync, writeSync } from 'node:fs';
import { SerialPort } from 'serialport';
import { readPort } from '../../meter/port.ts';
import { systemTime } from '../../shared/time.ts';

const [, , path = '', silence = '', release = ''] = process.argv;
let heard = '';
const say = (event: object) => writeSync(1, `${JSON.stringify(event)}\n`);

await readPort(
  { path, baud: 9600, settle: 0, silence: Number(silence) },
  {
    createPort: (options) => new SerialPort({ ...options, autoOpen: false }),
    time: systemTime,
    random: () => 0,
  },
  new AbortController().signal,
  {
    opened: () => say({ opened: true }),
    data(chunk) {
      const data = Buffer.from(chunk).toString('latin1');
      say({ data });
      heard += data;
      if (heard.includes('stop')) while (!existsSync(release));
    },
    closed: (why) => say({ closed: why }),
  },
);
