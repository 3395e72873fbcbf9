import test from 'ava';
import fc from 'fast-check';
import { readValue } from '../../../meter/decoders/sml/tlv.ts';
import { decodeAll } from './decode.ts';
import { entry, file, integer, list, NONE, octets, transport, UNITS } from './golden/sml-file.ts';

const SERVER = '0a01454d480000bc614e';
const { Wh, W, V, A, none } = UNITS;
const hexOf = (text: string) => Buffer.from(text, 'latin1').toString('hex');
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

const decode = (...frames: Uint8Array[]) => decodeAll('sml', frames);
/** A register of 100 kWh, and the word of status that it comes with. */
const counted = (code: string, status: number, width = 3) =>
  list(
    octets(hex(code)),
    integer(status, width, false),
    NONE,
    integer(Wh, 1, false),
    integer(3, 1),
    integer(100, 2),
    NONE,
  );
/** What one list of values says. */
const read = (entries: Uint8Array[], server = SERVER) => decode(transport(file(server, entries)));
const power = (value: Uint8Array, scaler = 0, server = SERVER) =>
  read([entry('0100100700ff', value, W, scaler)], server).samples[0]?.power;

test('whole numbers of every width, with a sign and without', (t) => {
  for (let width = 1; width <= 8; width += 1) {
    t.is(power(integer(-1, width)), -1);
    t.is(power(integer(127, width)), 127);
    t.is(power(integer(-128, width)), -128);
    t.is(power(integer(255, width, false)), 255);
  }
  t.is(power(integer(-(2n ** 39n), 5), -4), -54_975_581.3888);
  t.is(
    read([entry('0100010800ff', integer(2n ** 53n - 1n, 8), Wh, -1)]).samples[0]?.registers?.import,
    900_719_925_474.0991,
  );
});

test('scalers shift the point without adding noise, either way', (t) => {
  t.is(power(integer(1111, 2), -2), 11.11);
  t.is(power(integer(3, 1), 3), 3000);
  t.is(read([entry('0100010800ff', integer(11_109, 4), Wh, -1)]).samples[0]?.registers?.import, 1.1109);
});

test('a value in another unit than its kind has is left out, one without a unit is not', (t) => {
  t.deepEqual(read([entry('0100100700ff', integer(5, 1), V, 0)]).samples, []);
  t.is(read([entry('0100100700ff', integer(5, 1))]).samples[0]?.power, 5);
  t.is(
    read([entry('01000d0700ff', integer(99, 1), none, -2), entry('0100100700ff', integer(5, 1))]).samples[0]
      ?.powerFactor,
    0.99,
  );
});

test('power is the signed sum, else what goes in less what goes out, else what has no direction', (t) => {
  const [signed, into, out, absolute] = ['10', '01', '02', '0f'].map((quantity, index) =>
    entry(`0100${quantity}0700ff`, integer([-30, 0, 40, 50][index] ?? 0, 2), W, 0),
  );
  const told = (...entries: (Uint8Array | undefined)[]) =>
    read(entries.filter((each) => each !== undefined)).samples[0]?.power;
  t.is(told(signed, into), -30);
  t.is(told(into, out), -40);
  t.is(told(absolute), 50);
  t.is(told(entry('010001 07ffff'.replace(' ', ''), integer(51, 2), W, -2)), 0.51, 'EasyMeter has no rate');
});

const [IN, OUT] = ['0100010800ff', '0100020800ff'];
const [SIGNED, ABSOLUTE] = ['0100100700ff', '01000f0700ff'];
const now = (code: string, watts: number) => entry(code, integer(watts, 4), W, 0);
const powerOf = (...entries: Uint8Array[]) => read(entries).samples[0]?.power;

test('a power without a sign has that of the status, which older and newer meters write in their own ways', (t) => {
  for (const [status, width] of [
    [0x0182, 2],
    [0x82, 1],
    [0x010180, 3],
    [0x00000182, 4],
    [0x1c0104, 3],
    [0x001c3104, 4],
  ] as const)
    t.is(powerOf(counted(IN, status, width), now(ABSOLUTE, 731)), 731, status.toString(16));
  for (const [status, width] of [
    [0x01b0, 2],
    [0xa2, 1],
    [0x0101a2, 3],
    [0x000001a2, 4],
    [0x1c7904, 3],
    [0x001d4904, 4],
  ] as const)
    t.is(powerOf(counted(IN, status, width), now(ABSOLUTE, 731)), -731, status.toString(16));
  t.is(powerOf(counted(IN, 0x01a2), now(ABSOLUTE, 0)), 0);
});

test('of a meter that counts both ways, only its status says what an absolute power means', (t) => {
  const both = (status: number) => [counted(IN, status), entry(OUT, integer(5, 1), Wh, 0)];
  t.is(powerOf(...both(0x0182), now(ABSOLUTE, 731)), 731);
  t.is(powerOf(...both(0x01a2), now(ABSOLUTE, 731)), -731);
  t.is(powerOf(...both(0x1c0004), now(ABSOLUTE, 3)), undefined, 'too little to say');
  t.is(
    powerOf(entry(IN, integer(5, 1), Wh, 0), entry(OUT, integer(5, 1), Wh, 0), now(ABSOLUTE, 7)),
    undefined,
  );
});

test('a meter that counts outwards alone tells no absolute power before its status says where it flows', (t) => {
  t.is(powerOf(counted(OUT, 0x010100), now(ABSOLUTE, 731)), undefined);
  t.is(powerOf(counted(OUT, 0x010100), now(ABSOLUTE, 0)), 0);
  t.is(powerOf(counted(OUT, 0x0101a2), now(ABSOLUTE, 731)), -731);
});

test('a meter that counts one way only may tell what flows the other way without a sign', (t) => {
  t.is(powerOf(counted(IN, 0x1d4904), now(SIGNED, 425)), -425);
  t.is(powerOf(counted(IN, 0x1d4904), now(SIGNED, -425)), -425);
  t.is(powerOf(counted(IN, 0x1d0104), now(SIGNED, 425)), 425);
  t.is(powerOf(counted(IN, 0x1d0804), now(SIGNED, 2)), 2, 'too little to say');
  t.is(powerOf(counted(IN, 0x01a2), now(SIGNED, 425)), 425, 'of the older ones none is known to');
});

test('the power of a meter that counts both ways has its own sign, whatever the status says', (t) => {
  for (const status of [0x1c0104, 0x1c7904, 0x0182, 0x01a2])
    for (const watts of [425, -425])
      t.is(powerOf(counted(IN, status), counted(OUT, status), now(SIGNED, watts)), watts);
  t.is(powerOf(counted(IN, 0x01a2), now('0100010700ff', 50), now(ABSOLUTE, 50)), 50);
});

test('power under the one rate that a meter has is power, and a harmonic is none', (t) => {
  t.is(powerOf(counted('0100020801ff', 0x82, 1), now('0100010701ff', -5632)), -5632);
  t.is(powerOf(now('0100010701ff', 40), now('0100010700ff', 41)), 41);
  t.is(powerOf(now('0100100703ff', 7), now(SIGNED, 8)), 8);
  t.is(powerOf(now('0100100703ff', 7)), undefined);
});

test('two rates make the total where the meter leaves it out', (t) => {
  const rates = [
    entry('0100010801ff', integer(1001, 4), Wh, -1),
    entry('0100010802ff', integer(2002, 4), Wh, -1),
  ];
  t.deepEqual(read(rates).samples[0]?.registers, { import: 0.3003, importRates: { 1: 0.1001, 2: 0.2002 } });
});

test('values of the past, of other media and of no known kind are left out; gas and water are told', (t) => {
  const { samples } = read([
    entry('010001080060', integer(7, 1), Wh, 0),
    entry('0600010800ff', integer(7, 1), Wh, 0),
    entry('0100630700ff', integer(7, 1), W, 0),
    entry('0100100700ff', octets('7 W')),
    entry('0701030000ff', integer(12_345, 4), 0x0d, -2),
    entry('0801010000ff', integer(678, 4), 0x0d, -1),
    octets('no entry'),
  ]);
  t.deepEqual(samples, [{ phases: [], gas: 123.45, water: 67.8, device: '1EMH0012345678' }]);
});

test('a frame that says nothing of use is neither sample nor reject', (t) => {
  t.deepEqual(read([]), { samples: [], rejects: [], remarks: [] });
});

test('several lists in one file are a sample each', (t) => {
  const entries = [entry('0100010800ff', integer(1000, 4), Wh, 0)];
  const both = transport(Buffer.concat([file(SERVER, entries), file('0a0149534b0000000007', entries)]));
  t.deepEqual(
    decode(both).samples.map(({ device }) => device),
    ['1EMH0012345678', '1ISK0000000007'],
  );
});

test('an identity is told as it is printed on the meter, one of another form as text or in hexadecimal', (t) => {
  const values = [entry('0100010800ff', integer(1, 1), Wh, 0)];
  t.is(read(values, '0a0145425a010012d687').samples[0]?.device, '1EBZ0101234567');
  t.is(read(values, '090145425a010012d687').samples[0]?.device, '1EBZ0101234567', 'its length not counted');
  t.is(read(values, '06454d48010011223344').samples[0]?.device, '06454d48010011223344');
  t.is(read(values, hexOf('12345678')).samples[0]?.device, '12345678');
  t.is(read(values, '0901454d480102').samples[0]?.device, '0901454d480102');
  t.is(read(values, '').samples[0]?.device, undefined);
});

test('older DZG DVS74 mean a positive power by a short negative one, others mean what they send', (t) => {
  const serial = (number: number) => `0a01445a4700${number.toString(16).padStart(8, '0')}`;
  const short = integer(-29_912, 2);
  for (const number of [42_000_000, 48_999_999, 55_000_000, 58_999_999])
    t.is(power(short, -2, serial(number)), 356.24, `${number}`);
  for (const number of [41_999_999, 49_000_000, 54_999_999, 59_000_000, 60_000_000])
    t.is(power(short, -2, serial(number)), -299.12, `${number}`);
  t.is(power(short, -2), -299.12, 'another maker');
  t.is(power(integer(-126_061, 4), -2, serial(42_000_000)), -1260.61, 'in four bytes it is negative');
  t.is(power(integer(-1, 1), 0, serial(42_000_000)), 255);
});

test('a current beyond the limit refuses its list', (t) => {
  const currents = (value: number) => read([entry('01001f0700ff', integer(value, 4), A, 0)]);
  t.is(currents(-200).samples.length, 1);
  t.deepEqual(currents(201).rejects, ['range']);
});

test('data that look like the transport’s own marks are data', (t) => {
  const marks = ['1b1b1b1b01010101', '1b1b1b1b1a001234', '1b1b1b1b1b1b1b1b', '1b1b1b', '1b1b1b1b1b'];
  for (const mark of marks) {
    const { samples, rejects } = read([
      entry('0100600100ff', octets(hex(mark))),
      entry('0100100700ff', integer(42, 1), W, 0),
    ]);
    t.is(samples[0]?.power, 42, mark);
    t.deepEqual(rejects, []);
  }
});

test('after a torn frame that ends in what may be data, the next one is read', (t) => {
  const whole = transport(file(SERVER, [entry('0100100700ff', integer(42, 1), W, 0)]));
  for (let end = 1; end < whole.length; end += 1) {
    const { samples } = decode(whole.subarray(0, end), whole);
    t.is(samples.at(-1)?.power, 42, `${end}`);
  }
});

test('lists within lists, endless lists and impossible lengths end a file, nothing more', (t) => {
  const bombs = [
    Buffer.alloc(4000, 0x71),
    Buffer.alloc(4000, 0x7f),
    hex('ff8f8f8f8f8f0f01'),
    hex('f10f'),
    hex('8f8f8f8f0f'),
    hex('51'),
    hex('5b0102030405060708090a'),
    hex('59ff'),
    hex('43'),
    hex('10'),
    hex('76'),
  ];
  for (const bomb of bombs) {
    t.is(readValue(bomb, 0), undefined, bomb.subarray(0, 8).toString('hex'));
    t.deepEqual(decode(transport(bomb)).rejects, ['syntax']);
  }
  t.notThrows(() =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (content) => {
        decode(transport(content));
      }),
    ),
  );
});

test('what follows a damaged message does not take away the list before it', (t) => {
  const good = file(SERVER, [entry('0100100700ff', integer(42, 1), W, 0)]);
  t.is(decode(transport(Buffer.concat([good, hex('7605ff')]))).samples[0]?.power, 42);
});

test('a list of more than fifteen entries, and long octet strings', (t) => {
  const many = Array.from({ length: 40 }, (_, index) =>
    entry(`0100${(0x80 + index).toString(16)}0700ff`, integer(1, 1)),
  );
  const { samples } = read([
    ...many,
    entry('0100600100ff', octets(Buffer.alloc(300, 7))),
    entry('0100100700ff', integer(42, 1), W, 0),
  ]);
  t.is(samples[0]?.power, 42);
  t.is(readValue(list(...many), 0)?.next, list(...many).length);
});
