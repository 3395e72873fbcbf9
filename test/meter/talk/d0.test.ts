import test, { type ExecutionContext } from 'ava';
import type { Decoded, Decoder } from '../../../meter/decoders/decoder.ts';
import { talkD0 } from '../../../meter/talk/d0.ts';
import { findIdentification } from '../../../meter/talk/identification.ts';
import { silentLog } from '../../support/system.ts';
import { virtualTime } from '../../support/virtual-time.ts';
import { converse, type Device } from './support.ts';

const SETTLE = 1000;
const DATA = '\x021-0:1.8.0(001846.0*kWh)\r\n!\r\n\x03B';

/** Understands a telegram when its `!` has come. */
function telegrams(): Decoder {
  return {
    push(chunk): Decoded {
      const ends = Buffer.from(chunk).toString('latin1').includes('!\r\n\x03');
      return { samples: ends ? [{ phases: [] }] : [], rejects: [] };
    },
  };
}

function talk(
  t: ExecutionContext,
  device: Device,
  period = 60_000,
  options: { address?: string; wakeUp?: boolean } = {},
) {
  const time = virtualTime();
  const said = converse(t, time, {
    decoder: telegrams(),
    device,
    start: (port) =>
      talkD0(
        port,
        { period, settle: SETTLE, baud: 300, wakeUp: false, ...options },
        { time, log: silentLog },
      ),
  });
  /** Since the port had settled. */
  const steps = () => said.events.map(({ at, wrote, baud }) => [Math.round(at - SETTLE), wrote ?? baud]);
  return { time, steps, ...said };
}

const isRequest = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1') === '/?!\r\n';

/** Identifies itself, and gives its data when it is told to. */
const modeC =
  (identification: string): Device =>
  (bytes, say) => {
    if (isRequest(bytes)) say(identification, 1000);
    else say(DATA, 700);
  };

test('mode C: it is asked, identified, told to go on at its rate, read at that rate, and left at 300', async (t) => {
  const { time, steps, samples } = talk(t, modeC('/LGZ52ZMD120APt.G03\r\n'));
  await time.advance(SETTLE + 59_999);
  t.deepEqual(steps(), [
    [0, '/?!\r\n'],
    [1000 + 200, '\x06050\r\n'],
    // 6 characters of 10 bits at 300 baud, and half the time that a meter takes to answer.
    [1200 + 200 + 100, 9600],
    [1200 + 700 + 200, 300],
  ]);
  t.is(samples.length, 1);
  await time.advance(60_000);
  t.is(samples.length, 2);
  t.deepEqual(steps()[4], [60_000, '/?!\r\n']);
});

test('mode C with a third letter in lower case: both sides answer in 20 ms', async (t) => {
  const { time, steps } = talk(t, modeC('/LGz4X\r\n'));
  await time.advance(SETTLE + 59_999);
  t.deepEqual(steps().slice(1, 3), [
    [1020, '\x06040\r\n'],
    [1020 + 200 + 10, 4800],
  ]);
});

test('mode C at 300 baud is told so, and stays', async (t) => {
  const { time, steps, samples } = talk(t, modeC('/ABC0X\r\n'));
  await time.advance(SETTLE + 59_999);
  t.deepEqual(steps(), [
    [0, '/?!\r\n'],
    [1200, '\x06000\r\n'],
  ]);
  t.is(samples.length, 1);
});

test('mode B changes its rate by itself, without being told', async (t) => {
  const { time, steps, samples } = talk(t, (_bytes, say) => {
    say('/ISKEM123\r\n', 500);
    say(DATA, 800);
  });
  await time.advance(SETTLE + 59_999);
  t.deepEqual(steps(), [
    [0, '/?!\r\n'],
    [500, 9600],
    [1000, 300],
  ]);
  t.is(samples.length, 1);
});

test('mode A goes on as it began', async (t) => {
  const { time, steps, samples } = talk(t, (_bytes, say) => {
    say('/ABC?1\r\n', 500);
    say(DATA, 800);
  });
  await time.advance(SETTLE + 59_999);
  t.deepEqual(steps(), [[0, '/?!\r\n']]);
  t.is(samples.length, 1);
});

test('an optical head that repeats what it sends is no meter', async (t) => {
  const { time, samples, steps } = talk(t, (bytes, say) => {
    say(bytes, 20);
    modeC('/LGZ52X\r\n')(bytes, say);
  });
  await time.advance(SETTLE + 59_999);
  t.is(samples.length, 1);
  t.deepEqual(steps()[1], [1200, '\x06050\r\n']);
});

test('a meter that does not answer is asked once more, and then in the next period', async (t) => {
  const { time, steps } = talk(t, () => {});
  await time.advance(SETTLE + 60_000);
  t.deepEqual(steps(), [
    [0, '/?!\r\n'],
    // 5 characters take 167 ms.
    [2167, '/?!\r\n'],
    [60_000, '/?!\r\n'],
  ]);
});

test('a meter that gives no data at the rate it proposes is asked to stay at 300, and from then on', async (t) => {
  const { time, steps, samples } = talk(t, (bytes, say) => {
    if (isRequest(bytes)) say('/LGZ52X\r\n', 1000);
    else if (codeOf(String(bytes)) === '0') say(DATA, 700);
  });
  await time.advance(SETTLE + 179_999);
  t.deepEqual(
    steps().map(([, what]) => what),
    [
      ...['/?!\r\n', '\x06050\r\n', 9600, 300, '/?!\r\n', '\x06050\r\n', 9600, 300],
      ...['/?!\r\n', '\x06000\r\n', '/?!\r\n', '\x06000\r\n'],
    ],
  );
  t.is(samples.length, 2);
});

/** The rate that an acknowledgement tells. */
const codeOf = (what: unknown) => /^.0(\d)0\r\n$/s.exec(String(what))?.[1];

test('a meter that never gives data is tried at both rates', async (t) => {
  const { time, steps } = talk(t, (bytes, say) => {
    if (isRequest(bytes)) say('/LGZ52X\r\n', 1000);
  });
  await time.advance(SETTLE + 179_999);
  const codes = steps().flatMap(([, what]) => codeOf(what) ?? []);
  t.deepEqual(codes, ['5', '5', '0', '0', '5', '5']);
});

test('a meter that once gave data at the rate it proposes is not held back for one fault', async (t) => {
  let tries = 0;
  const { time, steps, samples } = talk(t, (bytes, say) => {
    if (isRequest(bytes)) tries += 1;
    if (isRequest(bytes) || ![2, 3].includes(tries)) modeC('/LGZ52X\r\n')(bytes, say);
  });
  await time.advance(SETTLE + 179_999);
  const codes = steps().flatMap(([, what]) => codeOf(what) ?? []);
  t.deepEqual(codes, ['5', '5', '5', '5']);
  t.is(samples.length, 2);
});

test('a meter that answers only by name is asked by it', async (t) => {
  const named: Device = (bytes, say) => {
    if (/^\/\?(?!0012345678!)/.test(String(bytes))) return;
    say(String(bytes).startsWith('/?') ? '/ABC?1\r\n' : '', 500);
    say(DATA, 800);
  };
  const anonymous = talk(t, named);
  await anonymous.time.advance(SETTLE + 59_999);
  t.is(anonymous.samples.length, 0);
  const { time, steps, samples } = talk(t, named, 60_000, { address: '0012345678' });
  await time.advance(SETTLE + 59_999);
  t.deepEqual(steps(), [[0, '/?0012345678!\r\n']]);
  t.is(samples.length, 1);
});

test('a long name takes a while to be sent; only then must the meter answer', async (t) => {
  const address = '12345678901234567890123456789012';
  const { time, steps, samples } = talk(
    t,
    // 37 characters take 1233 ms, and the meter 1500.
    (bytes, say) => say(bytes.length === 37 ? `/ABC?1\r\n${DATA}` : '', 1233 + 1500),
    60_000,
    { address },
  );
  await time.advance(SETTLE + 59_999);
  t.deepEqual(steps(), [[0, `/?${address}!\r\n`]]);
  t.is(samples.length, 1);
});

test('a meter on a battery is woken with zeros, and given time to wake, before each request', async (t) => {
  const asleep = (): Device => {
    let isAwake = false;
    return (bytes, say) => {
      if (isRequest(bytes) && isAwake) {
        say('/ABC?1\r\n', 500);
        say(DATA, 800);
      }
      isAwake = bytes.every((byte) => byte === 0);
    };
  };
  const unwoken = talk(t, asleep());
  await unwoken.time.advance(SETTLE + 59_999);
  t.is(unwoken.samples.length, 0);
  const { time, steps, samples } = talk(t, asleep(), 60_000, { wakeUp: true });
  await time.advance(SETTLE + 119_999);
  const zeros = '\0'.repeat(66);
  t.deepEqual(steps(), [
    [0, zeros],
    // 66 characters of 10 bits take 2.2 s at 300 baud; the standard has 2.1 to 2.3, and then 1.5 to 1.7 s.
    [2200 + 1600, '/?!\r\n'],
    [60_000, zeros],
    [63_800, '/?!\r\n'],
  ]);
  t.is(samples.length, 2);
});

test('data that takes a minute is read to its end, garbage is not read for ever', async (t) => {
  const slow: Device = (bytes, say) => {
    if (isRequest(bytes)) return say('/LGZ52X\r\n', 500);
    for (let at = 500; at < 60_000; at += 500) say('1-0:1.8.0(1*kWh)\r\n', at);
    say(DATA, 60_000);
  };
  const { time, samples } = talk(t, slow, 10_000);
  await time.advance(SETTLE + 65_000);
  t.is(samples.length, 1);

  let asked = 0;
  const endless = talk(t, (bytes, say) => {
    if (!isRequest(bytes)) return;
    asked += 1;
    if (asked === 1) for (let at = 0; at < 700_000; at += 1000) say('x', at);
  });
  await endless.time.advance(SETTLE + 620_000);
  t.is(asked, 2);
});

test('what a meter says of itself', (t) => {
  const of = (line: string) => {
    const { mode, baud, reaction } = findIdentification(`${line}\r\n`) ?? {};
    return [mode, baud, reaction];
  };
  t.deepEqual(of('/LGZ52ZMD120APt.G03'), ['C', 9600, 200]);
  t.deepEqual(of('/ESY5Q3DA1024 V3.03'), ['C', 9600, 200]);
  t.deepEqual(of('/EMH4\\@01LZQJL0013F'), ['C', 4800, 200]);
  t.deepEqual(of('/Lgz6X'), ['C', 19_200, 20]);
  t.deepEqual(of('/ISK9X'), ['C', 300, 200]);
  t.deepEqual(of('/ABBFX'), ['B', 19_200, 200]);
  t.deepEqual(of('/ABB X'), [undefined, undefined, undefined]);
  t.deepEqual(of('/ABB_X'), ['A', undefined, 200]);
  t.is(findIdentification('/?!\r\n'), undefined);
  t.is(findIdentification('/LGZ52ZMD120'), undefined, 'not yet whole');
  t.like(findIdentification('\xff\x00garb/?!\r\n/LGZ52ZMD120APt.G03\r\n\x02'), { mode: 'C', code: '5' });
});
