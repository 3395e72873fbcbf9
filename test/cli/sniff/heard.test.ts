import test from 'ava';
import { Bits } from '../../../cli/sniff/bits.ts';
import { RawFrames, showBytes } from '../../../cli/sniff/frames.ts';
import { Heard } from '../../../cli/sniff/heard.ts';
import {
  describeText,
  describeTrouble,
  describeWinner,
  type Line,
  nextCommand,
} from '../../../cli/sniff/words.ts';
import { isEven } from '../../../meter/decoders/seven-bit.ts';
import { FORMATS } from '../../meter/decoders/formats.ts';
import { bytes } from '../../meter/decoders/golden/variant.ts';

const amps = Buffer.from('3 7\r\n');

test('cadence is the time between the beginnings of messages, however they are chunked', (t) => {
  const heard = new Heard({ maxCurrent: 200 });
  t.is(heard.cadence, undefined);
  for (const at of [0, 1200, 2390, 3600, 4800, 20_000]) {
    heard.push(amps.subarray(0, 2), at, true);
    heard.push(amps.subarray(2), at + 5, true);
  }
  t.deepEqual(heard.cadence, { low: 1190, median: 1200, high: 15_200 });
  t.is(heard.bytes, 30);
});

test('what never pauses has no cadence', (t) => {
  const heard = new Heard({ maxCurrent: 200 });
  for (let at = 0; at < 10_000; at += 20) heard.push(amps, at, true);
  t.is(heard.cadence, undefined);
});

test('a line whose beginning was not seen is not held against a decoder', (t) => {
  const heard = new Heard({ maxCurrent: 200 });
  heard.push(Buffer.from('garbled\n3 7\n'), 0, false);
  t.like(heard.trials.winner(), { format: 'amps', phases: 2, accepted: 1, refused: 0 });
});

test('only the first beginning that was not seen is forgiven', (t) => {
  const heard = new Heard({ maxCurrent: 200 });
  const refused = () => heard.trials.results().find(({ format }) => format === 'pzem')?.refused;
  // Of noise, each 25 bytes, an answer’s length, are a refusal.
  for (const [at, expected] of [2, 4].entries()) {
    heard.push(Buffer.alloc(60, 'U'), at * 1000, false);
    t.is(refused(), expected);
  }
});

test('a decoder that understands less than it refuses is not the one', (t) => {
  const heard = new Heard({ maxCurrent: 200 });
  heard.push(Buffer.from('3 7\nx\ny\n'), 0, true);
  t.is(heard.trials.winner(), undefined);
  t.like(heard.trials.results()[0], { format: 'amps', accepted: 1, refused: 2, lastRefusal: 'syntax' });
});

test('why it was refused at last is of the attempt that came closest', (t) => {
  const heard = new Heard({ maxCurrent: 10 });
  heard.push(Buffer.from('3 70 1\n'), 0, true);
  t.like(heard.trials.results()[0], {
    format: 'amps',
    phases: 3,
    accepted: 0,
    refused: 1,
    lastRefusal: 'range',
  });
});

test('text is told by its share of bytes, cut at whole percents only when shown', (t) => {
  const heard = new Heard({ maxCurrent: 200 });
  heard.push(Buffer.from('abcdefghi\xff', 'latin1'), 0, true);
  t.is(heard.bits.text, 0.9);
  t.false(heard.isPlausible);
  t.true(
    new Heard({ maxCurrent: 200 }).bits.text === 1 && !new Heard({ maxCurrent: 200 }).isPlausible,
    'nothing is no text',
  );
});

test('frames end at a line feed, after a pause, or where they grow too long', (t) => {
  const frames = new RawFrames();
  t.deepEqual(frames.push(Buffer.from('3 '), 10), []);
  t.deepEqual(frames.push(Buffer.from('7\n4 8\n5'), 20), [
    { at: 10, bytes: Buffer.from('3 7\n') },
    { at: 20, bytes: Buffer.from('4 8\n') },
  ]);
  t.deepEqual(frames.flush(), [{ at: 20, bytes: Buffer.from('5') }]);
  t.deepEqual(frames.flush(), []);
  const long = frames.push(Buffer.alloc(1500, 'a'), 30);
  t.deepEqual(
    long.map(({ bytes }) => bytes.length),
    [1024],
  );
});

test('bytes are shown as text where most of them are, else as hex', (t) => {
  t.is(showBytes(Buffer.from('3\t7\\\r\n')), '3\\t7\\\\');
  t.is(showBytes(Buffer.from('\r3 7\x00\n')), '\\r3 7\\x00');
  t.is(showBytes(Buffer.from([0x7e, 0xa0, 0x1f])), '7e a0 1f');
});

/** As a line of seven bits and a parity reads with eight bits. */
const withParity = (text: string, parity: 'even' | 'odd') =>
  Buffer.from(text).map((byte) => (isEven(byte) === (parity === 'even') ? byte : byte | 0x80));

for (const parity of ['even', 'odd'] as const)
  test(`seven bits and ${parity} parity, read as eight bits, are told as that`, (t) => {
    const bits = new Bits();
    bits.push(withParity('/ISK5MT174-0001\r\n\r\n1-0:1.8.0*255(0012345.678*kWh)\r\n', parity));
    t.is(bits.parity, parity);
    t.is(bits.text, 1);
    t.true(bits.high > 0.3);
    bits.push(Buffer.from('1-0:1.8.0*255(0012345.678*kWh)\r\n'));
    t.is(bits.parity, undefined, 'not all of it has it');
  });

test('what a wrong rate makes of text is not taken for seven bits with parity', (t) => {
  const bits = new Bits();
  // Bytes of 7E1 read at twice their rate: each bit is two.
  bits.push(Buffer.from('fee6869e80869ee6e0989ee6e09880e6e09880869e9e8686', 'hex'));
  t.is(bits.parity, undefined);
});

test('few bytes, or none with the highest bit, have no parity', (t) => {
  const bits = new Bits();
  t.deepEqual([bits.parity, bits.text, bits.high], [undefined, 1, 0]);
  bits.push(withParity('1-0:1.8.0', 'even'));
  t.is(bits.parity, undefined);
  const even = new Bits();
  even.push(Buffer.from('3'.repeat(100)));
  t.is(even.parity, undefined);
});

test('bytes that are no text are cut at pauses, not where a line would end', (t) => {
  const frames = new RawFrames();
  const telegram = Buffer.from('1b1b1b1b010101010a0a7605', 'hex');
  t.deepEqual(frames.push(telegram, 10), []);
  t.deepEqual(frames.push(telegram, 30), []);
  t.deepEqual(frames.push(telegram, 1030), [{ at: 10, bytes: Buffer.concat([telegram, telegram]) }]);
});

test('text with its parity is shown as text', (t) => {
  t.is(
    showBytes(withParity('1-0:1.8.0*255(0012345.678*kWh)\r\n', 'even')),
    '1-0:1.8.0*255(0012345.678*kWh) (7E1)',
  );
  const frames = new RawFrames();
  t.is(frames.push(withParity('/ISK5MT174-0001\r\n\r\n', 'even'), 0).length, 2, 'and cut into lines');
});

const listen = (format: keyof typeof FORMATS) => {
  const [{ frames } = { frames: [] }] = FORMATS[format];
  const heard = new Heard({ maxCurrent: 200 });
  for (const [index, { frame }] of frames.entries()) heard.push(bytes(frame), index * 1000, true);
  return heard;
};

for (const format of Object.keys(FORMATS) as (keyof typeof FORMATS)[])
  test(`${format}: it is the one that understands its own`, (t) => {
    const heard = listen(format);
    const winner = heard.trials.winner();
    t.like(winner, { format, refused: 0, cadence: { median: 1000, low: 1000, high: 1000 } });
    t.is(winner?.accepted, FORMATS[format][0]?.frames.length);
  });

const line = { path: '/dev/tty', baud: 9600, framing: '8N1', ask: undefined } as const;
const command = (heard: Heard, told: Partial<Line> = {}) => {
  const winner = heard.trials.winner();
  return winner && nextCommand({ ...line, ...told }, winner, heard);
};

test('settings that the decoder has by itself need not be written, all others must', (t) => {
  t.is(command(listen('sml')), 'npm start -- --port /dev/tty --decoder sml');
  t.is(command(listen('sml'), { baud: 19_200 }), 'npm start -- --port /dev/tty --decoder sml --baud 19200');
  t.is(
    command(listen('raven'), { baud: 115_200 }),
    'npm start -- --port /dev/tty --decoder raven',
    'its usual rate is another',
  );
  const old = new Heard({ maxCurrent: 200 });
  const telegram =
    '/ISk5\\2MT382-1003\r\n\r\n0-0:96.1.1(5A424556303035313233343536)\r\n1-0:1.8.1(00034.332*kWh)\r\n1-0:1.7.0(0000.98*kW)\r\n!\r\n';
  for (const at of [0, 10_000]) old.push(withParity(telegram, 'even'), at, true);
  t.is(command(old), 'npm start -- --port /dev/tty --decoder dsmr --baud 9600 --meter.framing 7E1');
  t.regex(
    describeText(old),
    /^100 % text of 7 bits: bit 8 is always as even parity makes it, so this is 7E1, read as 8N1$/,
  );
});

test('who answers is told, and which address must be written', (t) => {
  const heard = new Heard({ maxCurrent: 200 });
  for (const { frame } of FORMATS.pzem[0]?.frames.slice(1, 2) ?? []) heard.push(bytes(frame), 0, true);
  t.is(command(heard, { ask: 'pzem' }), 'npm start -- --port /dev/tty --decoder pzem --meter.address 2');
  const winner = heard.trials.winner();
  t.regex(
    winner ? describeWinner(winner, heard.trials.results()) : '',
    /^pzem: samples no cadence yet; addresses that answer: 2$/,
  );
});

test('silence is told with what else it may mean', (t) => {
  const nothing = new Heard({ maxCurrent: 200 });
  t.regex(describeTrouble(nothing, line), /until they are asked: --ask pzem or --ask d0/);
  t.regex(describeTrouble(nothing, { ...line, ask: 'pzem' }), /though pzem was asked for: .* data wires/);
  t.regex(
    describeTrouble(nothing, { ...line, ask: 'd0' }),
    /though d0 was asked for: .* head .*device_address.*wake_up/,
  );
});

test('what understands no more than it refuses is named, and not called unknown', (t) => {
  const heard = new Heard({ maxCurrent: 200 });
  for (const [at, { frame }] of (FORMATS.d0[0]?.frames ?? []).entries())
    heard.push(Buffer.concat([Buffer.from('a3'), bytes(frame)]), at * 1000, true);
  t.is(heard.trials.winner(), undefined);
  t.is(
    describeTrouble(heard, line),
    'd0 understands 4 of 8 only, and refuses the rest (its beginning was not seen): a bad line, or something else on it',
  );
});

test('of two that understand the same telegrams, the one that tells more of them, or both are named', (t) => {
  const describe = (heard: Heard) => {
    const winner = heard.trials.winner();
    return winner ? describeWinner(winner, heard.trials.results()) : '';
  };
  const old = FORMATS.dsmr.find(({ name }) => name === 'dsmr 2 and 3');
  const gas = new Heard({ maxCurrent: 200 });
  for (const { frame } of old?.frames ?? []) gas.push(bytes(frame), 0, true);
  t.regex(describe(gas), /^dsmr: .*; d0 would read it, too, but check less, or understand less$/);
  const pushed = FORMATS.d0.find(({ name }) => name === 'd0 pushed');
  const both = new Heard({ maxCurrent: 200 });
  for (const { frame } of pushed?.frames ?? []) both.push(bytes(frame), 0, true);
  t.regex(describe(both), /; d0 would read the same: which of them it is, the table and the meter tell$/);
});

test('how a meter is asked from then on: how often it can be, and as it was', (t) => {
  const asked = { baud: 300, framing: '7E1', ask: 'd0' } as const;
  const readouts = (every: number) => {
    const heard = new Heard({ maxCurrent: 200 });
    for (const [count, { frame }] of (FORMATS.d0[0]?.frames ?? []).entries())
      heard.push(bytes(frame), count * every, true);
    return heard;
  };
  const start = 'npm start -- --port /dev/tty --decoder d0';
  t.is(command(readouts(5000), asked), `${start} --meter.poll 30s`);
  t.is(command(readouts(70_000), asked), `${start} --meter.poll 120s`);
  t.is(
    command(readouts(5000), { ...asked, address: '0012 34', wakeUp: true }),
    `${start} --meter.poll 30s --meter.device_address '0012 34' --meter.wake_up true`,
  );
});

test('telegrams that only a key would open are known for what they are', (t) => {
  const variant = FORMATS.dsmr.find(({ options }) => options?.key !== undefined);
  const listenWith = (options: object) => {
    const heard = new Heard({ maxCurrent: 200, ...options });
    for (const { frame } of variant?.frames ?? []) heard.push(bytes(frame), 0, true);
    return heard;
  };
  const locked = listenWith({});
  t.is(locked.trials.winner(), undefined);
  t.regex(describeTrouble(locked, line), /^its telegrams are encrypted: meter\.key must be/);
  t.like(listenWith({ ...variant?.options }).trials.winner(), { format: 'dsmr', encrypted: false });
});
