import test from 'ava';
import { crc16X25 } from '../../../meter/decoders/crc.ts';
import type { DecoderOptions, Sample } from '../../../meter/decoders/decoder.ts';
import { decipher, readCiphered } from '../../../meter/decoders/dsmr/cipher.ts';
import { decodeAll } from './decode.ts';
import { encrypted, KEY, LUXEMBOURG, telegram, withParity } from './golden/dsmr.ts';
import { bytes } from './golden/variant.ts';

const decode = (stream: string | Uint8Array, options: Partial<DecoderOptions> = {}) =>
  decodeAll('dsmr', [bytes(stream)], options);
const accepted = (sample: Sample) => ({ samples: [sample], rejects: [], remarks: [] });
const refused = (...rejects: string[]) => ({ samples: [], rejects, remarks: [] });

const HEADER = '/ISK5\\2M550T-1012';
const VERSION = '1-3:0.2.8(50)';
const POWER = '1-0:1.7.0(01.193*kW)';
const whole = telegram([HEADER, VERSION, POWER]);
const old = (...lines: string[]) => telegram([HEADER, ...lines], { checksum: false });
const only: Sample = { phases: [], power: 1193 };

test('a checksum may come in small letters, and must be right', (t) => {
  const [, digits = ''] = /!(.*)\r/.exec(whole) ?? [];
  t.regex(digits, /[A-F]/);
  t.deepEqual(decode(whole.replace(digits, digits.toLowerCase())), accepted(only));
  t.deepEqual(decode(whole.replace(digits, '0000')), refused('checksum'));
  t.deepEqual(decode(whole.replace(digits, `${digits.slice(0, 2)} `)), refused('checksum'));
});

test('a telegram whose version has a checksum is refused without one', (t) => {
  t.deepEqual(decode(old(VERSION, POWER)), refused('checksum'));
  t.deepEqual(decode(old('0-0:96.1.4(50217)', POWER)), refused('checksum'));
  t.deepEqual(decode(old(POWER)), { ...accepted(only), remarks: ['unchecked'] });
  t.deepEqual(decode(whole + old(POWER)), { ...accepted(only), rejects: ['checksum'] });
});

for (const line of [
  '1-0:1.7.0(01.19',
  '1-0:1.7.0(01.1x3*kW)',
  '1-0:1.7.0(01.193*kWh)',
  '1-0:1.7.0 01.193*kW',
  '1-0:1.8.1(-0001.000*kWh)',
  `${POWER}\r\n1-0:1.7.0(02.193*kW)`,
  `${POWER}\r\nnoise`,
  '0-0:96.13.0()',
  '1-0:1.7.0(01.\x0093*kW)',
])
  test(`without a checksum, nothing odd is accepted: ${JSON.stringify(line)}`, (t) => {
    t.deepEqual(decode(old(line)), refused('syntax'));
  });

test('with one, what cannot be understood is passed over', (t) => {
  const text = telegram([HEADER, VERSION, POWER, '1-0:32.7.0(?)', 'noise', '0-0:96.13.0()', POWER]);
  t.deepEqual(decode(text), accepted(only));
  t.deepEqual(decode(telegram([HEADER, VERSION])), refused('syntax'), 'nothing at all is no reading');
});

test('lines may end in LF alone where there is no checksum', (t) => {
  t.deepEqual(decode(old(POWER).replaceAll('\r', '')).samples, [only]);
});

for (const [what, rewritten] of [
  ['LF', whole.replaceAll('\r', '')],
  ['CR', whole.replaceAll('\n', '')],
  ['CR LF, and NULs between them', whole.replaceAll('\r\n', '\r\n\0\0')],
] as const)
  test(`a checksum is that of the lines as they were sent, which came with ${what}`, (t) => {
    t.deepEqual(decode(rewritten), accepted(only));
    t.deepEqual(decode(rewritten.replace('01.193', '01.194')), refused('checksum'));
  });

test('a message may be nothing but 0xff where there is a checksum', (t) => {
  t.deepEqual(
    decode(telegram([HEADER, VERSION, POWER, `0-0:96.13.0(${'\xff'.repeat(1024)})`])),
    accepted(only),
  );
  t.deepEqual(decode(old(POWER, '0-0:96.13.0(\xff\xff)')), refused('syntax'));
});

test('a long message may be broken', (t) => {
  const text = old(`0-0:96.13.0(${'3031'.repeat(16)}\r\n${'3233'.repeat(16)})`, POWER);
  t.deepEqual(decode(text), { ...accepted(only), remarks: ['unchecked'] });
});

test("the checksum of Holley's meters, on a line that has told no other", (t) => {
  const body = whole.slice(0, whole.indexOf('!') + 1);
  const holley = `${body}${crc16X25(bytes(body)).toString(16).toUpperCase().padStart(4, '0')}\r\n`;
  t.not(holley, whole);
  t.deepEqual(decode(holley), accepted(only));
  t.deepEqual(decode(holley + whole), { ...accepted(only), rejects: ['checksum'] });
  t.deepEqual(decode(whole + holley), { ...accepted(only), rejects: ['checksum'] });
});

test('a message may contain a slash', (t) => {
  const text = old('0-0:96.13.0(see 1/2 or /a)', POWER);
  t.deepEqual(decode(text), { ...accepted(only), remarks: ['unchecked'] });
});

test('the line end after the last character may get lost', (t) => {
  const short = old(POWER).trimEnd();
  t.deepEqual(decode(short + short + old(POWER)), {
    samples: [only, only, only],
    rejects: [],
    remarks: ['unchecked', 'unchecked', 'unchecked'],
  });
});

test('7E1 read as 8N1, and with the bit always set; a wrong parity is damage', (t) => {
  const text = old(POWER);
  const parity = withParity(text);
  t.deepEqual(decode(parity).samples, [only]);
  t.deepEqual(decode(bytes(text).map((byte) => byte | 0x80)).samples, [only]);
  for (let at = 5; at < parity.length - 4; at += 1)
    t.deepEqual(decode(parity.map((byte, index) => (index === at ? byte ^ 0x80 : byte))).samples, []);
});

test('7E1 read as 8N1, of a version that has a checksum', (t) => {
  t.deepEqual(decode(withParity(whole)), accepted(only));
  t.deepEqual(decode(withParity(whole.replace('01.193', '01.194'))), refused('checksum'));
});

test('eight kilobytes are a telegram, more are none', (t) => {
  const long = (size: number) => telegram([HEADER, VERSION, POWER, `0-0:96.13.0(${'30'.repeat(size / 2)})`]);
  t.is(decode(long(8000)).samples.length, 1);
  t.deepEqual(decode(long(9000) + whole), { ...accepted(only), rejects: ['overlong'] });
});

test('a torn telegram costs neither the next one nor more than one reject', (t) => {
  for (const end of [30, 40, whole.length - 8])
    t.deepEqual(decode(whole.slice(0, end) + whole), { ...accepted(only), rejects: ['syntax'] });
});

test('a current that cannot be', (t) => {
  t.deepEqual(decode(telegram([HEADER, '1-0:31.7.0(201*A)'])), refused('range'));
});

const told: [line: string, sample: Partial<Sample>][] = [
  ['1-0:2.7.0(01.500*kW)', { power: -1500 }],
  ['1-0:1.7.0(0000312*W)', { power: 312 }],
  ['1-0:16.7.0(-00.250*kW)', { power: -250 }],
  ['1-0:1.7.0(00.100*kW)\r\n1-0:2.7.0(00.300*kW)', { power: -200 }],
  [
    '1-0:1.8.0(000001.500*kWh)\r\n1-0:1.8.1(000001.000*kWh)',
    { registers: { import: 1.5, importRates: { 1: 1 } } },
  ],
  ['1-0:1.8.0(0012345*Wh)', { registers: { import: 12.345 } }],
  [
    '1-0:2.8.1(000001.100*kWh)\r\n1-0:2.8.2(000002.200*kWh)',
    { registers: { export: 3.3, exportRates: { 1: 1.1, 2: 2.2 } } },
  ],
  [
    '1-0:52.7.0(230.5*V)\r\n1-0:41.7.0(00.100*kW)\r\n1-0:42.7.0(00.350*kW)',
    { phases: [{}, { voltage: 230.5, power: -250 }] },
  ],
  [
    '1-0:3.7.0(00.100*kvar)\r\n1-0:4.7.0(00.300*kVAr)\r\n1-0:14.7.0(49.98*Hz)\r\n1-0:13.7.0(0.912*)\r\n' +
      POWER,
    { power: 1193, reactivePower: -200, frequency: 49.98, powerFactor: 0.912 },
  ],
  [`1-0:13.7.0(4.556)\r\n1-0:14.7.0(50.00*Hz)\r\n${POWER}`, { power: 1193, frequency: 50 }],
  [
    `1-0:5.7.0(00.200*kvar)\r\n1-0:6.7.0(00.010*kvar)\r\n1-0:7.7.0(00.500*kvar)\r\n1-0:8.7.0(00.050*kvar)\r\n${POWER}`,
    { power: 1193, reactivePower: -340 },
  ],
  [`0-0:96.1.1()\r\n0-0:0.0.0(343536)\r\n${POWER}`, { power: 1193, device: '456' }],
  [`0-0:96.1.1(4530303033)\r\n${POWER}`, { power: 1193, device: 'E0003' }],
  [`0-0:96.1.1(12345678)\r\n${POWER}`, { power: 1193, device: '12345678' }],
  [`0-0:42.0.0(AUX1030302759001)\r\n${POWER}`, { power: 1193, device: 'AUX1030302759001' }],
];
for (const [lines, sample] of told)
  test(`says ${JSON.stringify(sample)}`, (t) => {
    t.deepEqual(decode(telegram([HEADER, ...lines.split('\r\n')])), accepted({ phases: [], ...sample }));
  });

const meters: [what: string, lines: string[], volumes: Partial<Sample>][] = [
  ['gas without a type', ['0-1:24.2.1(101209112500W)(12785.123*m3)'], { gas: 12785.123 }],
  ['a heat meter', ['0-1:24.1.0(004)', '0-1:24.2.1(101209112500W)(00012.345*GJ)'], {}],
  ['gas that was never read', ['0-1:24.1.0(003)', '0-1:24.2.1(632525252525W)(00000.000)'], {}],
  [
    'a heat meter that tells no type, but how warm its water is',
    ['0-1:24.2.1(0086.475*m3)', '0-1:24.2.2(0000.110*m3/h)', '0-1:24.2.3(000071.2*degC)'],
    {},
  ],
  [
    'gas of version 2.1',
    ['7-0:0.0.0(4530)', '7-0:23.1.0*255(01339.900*m3)(15-06-17 13:00:00)'],
    { gas: 1339.9 },
  ],
  ['gas of version 2.1, time first', ['7-0:23.1.0(090212160000)(00001.001*m3)'], { gas: 1.001 }],
  [
    'a channel that is free',
    [
      '0-1:24.1.0(003)',
      '0-1:24.2.1(700101010000W)(00000.000*m3)',
      '0-2:24.1.0(003)',
      '0-2:24.2.1(230311145505W)(00041.730*m3)',
    ],
    { gas: 41.73 },
  ],
  [
    'two gas meters read by turns, of which one is a spare',
    [
      '0-1:24.1.0(003)',
      '0-1:24.2.3(230311145002W)(00041.730*m3)',
      '0-2:24.1.0(003)',
      '0-2:24.2.3(230311145505W)(00000.000*m3)',
    ],
    { gas: 41.73 },
  ],
  ['a time that can be none', ['0-1:24.1.0(003)', '0-1:24.2.1(632525252525W)(00000.000*m3)'], {}],
  [
    'the newer of two gas meters, 2:30 in winter an hour after 2:30 in summer',
    [
      '0-1:24.1.0(003)',
      '0-1:24.2.3(221030023000W)(1*m3)',
      '0-2:24.1.0(003)',
      '0-2:24.2.3(221030023000S)(2*m3)',
    ],
    { gas: 1 },
  ],
  [
    'water, not the warm one',
    [
      '0-1:24.1.0(006)',
      '0-1:24.2.1(221030013000W)(2*m3)',
      '0-4:24.1.0(007)',
      '0-4:24.2.1(121030013000W)(1*m3)',
    ],
    { water: 1 },
  ],
  [
    'gas on the next line',
    ['0-3:24.1.0(3)', '0-3:24.3.0(090212160000)(00)(60)(1)(0-3:24.2.1)(m3)', '(00001.001)'],
    { gas: 1.001 },
  ],
];
for (const [what, lines, volumes] of meters)
  test(`behind the meter: ${what}`, (t) => {
    t.deepEqual(decode(telegram([HEADER, POWER, ...lines])), accepted({ ...only, ...volumes }));
  });

test('the specimen of the DLMS Green Book is deciphered', (t) => {
  const hex = (text: string) => Buffer.from(text, 'hex');
  const plain = decipher(
    {
      end: 0,
      nonce: hex('4d4d4d0000bc614e01234567'),
      text: hex('411312ff935a47566827c467bc'),
      tag: hex('7d825c3be4a77c3fcc056b6b'),
    },
    hex('000102030405060708090a0b0c0d0e0f'),
    hex('d0d1d2d3d4d5d6d7d8d9dadbdcdddedf'),
  );
  t.true(plain?.genuine);
  t.deepEqual(plain && Buffer.from(plain.text), hex('c0010000080000010000ff0200'));
});

test('encrypted, without the key or with another', (t) => {
  const frame = encrypted(whole, 7);
  const other = Buffer.alloc(16, 1);
  t.deepEqual(decode(frame, { key: KEY }), accepted(only));
  t.deepEqual(decode(frame), refused('key'));
  t.deepEqual(decode(frame, { key: other }), refused('key'));
  t.deepEqual(decode(frame, { key: KEY, authenticationKey: other }), refused('key'));
  t.deepEqual(decode(frame, { key: Buffer.alloc(3) }), refused('key'));
  const own = encrypted(whole, 7, { authenticationKey: other });
  t.deepEqual(decode(own, { key: KEY, authenticationKey: other }), accepted(only));
});

for (const [what, frame] of [
  [
    'with an authentication key that nobody named',
    encrypted(whole, 7, { authenticationKey: Buffer.alloc(16, 1) }),
  ],
  ['without a tag', encrypted(whole, 7, { tagged: false })],
] as const)
  test(`encrypted, ${what}: its checksum decides, until one was genuine`, (t) => {
    const damaged = frame.map((byte, index) => (index === 60 ? byte ^ 1 : byte));
    t.deepEqual(decode(frame, { key: KEY }), accepted(only));
    t.deepEqual(decode(damaged, { key: KEY }), refused('checksum'));
    t.deepEqual(decode(frame, { key: Buffer.alloc(16, 2) }), refused('key'));
    t.deepEqual(decode(frame), refused('key'));
    const after = Buffer.concat([encrypted(whole, 6), frame]);
    t.deepEqual(decode(after, { key: KEY }), { ...accepted(only), rejects: ['key'] });
    t.deepEqual(decode(frame, { key: KEY, authenticationKey: LUXEMBOURG }), refused('key'));
  });

test('encrypted and damaged', (t) => {
  const frame = encrypted(whole, 7);
  for (let at = 0; at < frame.length; at += 1)
    t.deepEqual(
      decode(
        frame.map((byte, index) => (index === at ? byte ^ 1 : byte)),
        { key: KEY, authenticationKey: LUXEMBOURG },
      ).samples,
      [],
    );
  const damaged = frame.map((byte, index) => (index === 60 ? byte ^ 1 : byte));
  t.deepEqual(decode(damaged, { key: KEY }), refused('checksum'));
});

test('an encrypted frame is found in noise, after a damaged length, and beside plain telegrams', (t) => {
  const frame = encrypted(whole, 7);
  const long = Buffer.from(frame);
  long.writeUInt16BE(8000, 11);
  const noise = Buffer.from('db08db2f416263db00', 'hex');
  const stream = Buffer.concat([noise, frame, long, frame, bytes(whole), frame]);
  t.deepEqual(decode(stream, { key: KEY }).samples, [only, only, only, only]);
});

test('the length of an encrypted frame in all its forms', (t) => {
  const frame = encrypted(whole, 7);
  const length = frame.readUInt16BE(11);
  t.true(length < 256);
  const short = Buffer.concat([frame.subarray(0, 10), Buffer.of(0x81, length), frame.subarray(13)]);
  t.deepEqual(decode(short, { key: KEY }), accepted(only));
  const tiny = Buffer.concat([frame.subarray(0, 10), Buffer.of(60), frame.subarray(13, 73)]);
  t.like(readCiphered(tiny, { limit: 8192, seen: 0 }), { end: 71 });
});
