import { createCipheriv } from 'node:crypto';
import { crc16Arc } from '../../../../meter/decoders/crc.ts';
import { type Golden, phases, type Variant } from './variant.ts';

export const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
/** The one that Luxembourg's meters have in common. */
export const LUXEMBOURG = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

/** A telegram of these lines, an empty one after the first; with the checksum that belongs to it. */
export function telegram(lines: string[], { checksum = true } = {}): string {
  const [header = '', ...rest] = lines;
  const body = [header, '', ...rest, '!'].join('\r\n');
  const crc = crc16Arc(Buffer.from(body, 'latin1')).toString(16).toUpperCase().padStart(4, '0');
  return `${body}${checksum ? crc : ''}\r\n`;
}

/** As meters send it that encrypt: DLMS general-glo-ciphering. */
export function encrypted(
  text: string,
  counter: number,
  {
    title = Buffer.from('5341470500000001', 'hex'),
    key = KEY,
    authenticationKey = LUXEMBOURG,
    tagged = true,
  } = {},
): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(counter);
  const cipher = createCipheriv('aes-128-gcm', key, Buffer.concat([title, count]), { authTagLength: 12 });
  cipher.setAAD(Buffer.concat([Buffer.of(0x30), authenticationKey]));
  const ciphered = Buffer.concat([cipher.update(text, 'latin1'), cipher.final()]);
  const body = tagged ? Buffer.concat([ciphered, cipher.getAuthTag()]) : ciphered;
  const length = body.length + 5;
  return Buffer.concat([
    Buffer.of(0xdb, 8),
    title,
    Buffer.of(0x82, length >> 8, length & 0xff, tagged ? 0x30 : 0x20),
    count,
    body,
  ]);
}

/** What 7E1 sends, read as 8N1. */
export function withParity(text: string): Uint8Array {
  return Buffer.from(text, 'latin1').map((byte) => {
    const ones = byte.toString(2).replaceAll('0', '').length;
    return ones % 2 === 0 ? byte : byte | 0x80;
  });
}

const digits = (value: number, whole: number, decimals = 3) =>
  value.toFixed(decimals).padStart(whole + 1 + decimals, '0');
const hex = (text: string) => Buffer.from(text).toString('hex').toUpperCase();

/** Of version 5, three phases and gas. */
function newLines(random: () => number): string[] {
  const below = (limit: number) => random() * limit;
  return [
    '/ISK5\\2M550T-1012',
    '1-3:0.2.8(50)',
    '0-0:1.0.0(230101123456W)',
    `0-0:96.1.1(${hex('E0043007052870318')})`,
    ...['1.8.1', '1.8.2', '2.8.1', '2.8.2'].map((code) => `1-0:${code}(${digits(below(99999), 6)}*kWh)`),
    '0-0:96.14.0(0002)',
    `1-0:1.7.0(${digits(below(9), 2)}*kW)`,
    `1-0:2.7.0(${digits(0, 2)}*kW)`,
    '0-0:96.7.21(00013)',
    '0-0:96.7.9(00003)',
    '1-0:99.97.0(1)(0-0:96.7.19)(000101000001W)(2147483647*s)',
    '1-0:32.32.0(00004)',
    '0-0:96.13.0()',
    ...[32, 52, 72].map((code) => `1-0:${code}.7.0(${digits(220 + below(20), 3, 1)}*V)`),
    ...[31, 51, 71].map((code) => `1-0:${code}.7.0(${digits(below(20), 3, 0).slice(0, 3)}*A)`),
    ...[21, 41, 61].map((code) => `1-0:${code}.7.0(${digits(below(3), 2)}*kW)`),
    ...[22, 42, 62].map((code) => `1-0:${code}.7.0(${digits(0, 2)}*kW)`),
    '0-1:24.1.0(003)',
    `0-1:96.1.0(${hex('G0065006745674')})`,
    `0-1:24.2.1(230101123000W)(${digits(below(9999), 5)}*m3)`,
  ];
}

/** Of version 2 and 3, the gas on a line of its own. */
function oldLines(random: () => number): string[] {
  const below = (limit: number) => random() * limit;
  return [
    '/KMP5 KA6U001660297912',
    `0-0:96.1.1(${hex('KA6U001660297912')})`,
    ...['1.8.1', '1.8.2', '2.8.1', '2.8.2'].map((code) => `1-0:${code}(${digits(below(9999), 5)}*kWh)`),
    '0-0:96.14.0(0001)',
    `1-0:1.7.0(${digits(below(9), 4, 2)}*kW)`,
    `1-0:2.7.0(${digits(0, 4, 2)}*kW)`,
    '0-0:17.0.0(999*A)',
    '0-0:96.13.1()',
    '0-1:24.1.0(3)',
    `0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(${digits(below(9999), 5)})`,
  ];
}

const dutch = (power: string, more: string[] = []) => [
  '/ISK5\\2M550T-1012',
  '1-3:0.2.8(50)',
  '0-0:96.1.1(4B384547303034303436333935353037)',
  '1-0:1.8.1(000100.500*kWh)',
  '1-0:1.8.2(000200.250*kWh)',
  `1-0:1.7.0(${power}*kW)`,
  '1-0:2.7.0(00.000*kW)',
  ...more,
];
const registers = { import: 300.75, importRates: { 1: 100.5, 2: 200.25 } };
const device = 'K8EG004046395507';

const NEW: { text: string; sample: Golden['sample'] }[] = [
  { text: telegram(dutch('00.111')), sample: { phases: [], power: 111, registers, device } },
  {
    text: telegram(dutch('00.222', ['1-0:31.7.0(001*A)', '1-0:32.7.0(230.1*V)', '1-0:71.7.0(003*A)'])),
    sample: {
      phases: [{ current: 1, voltage: 230.1 }, {}, { current: 3 }],
      power: 222,
      registers,
      device,
    },
  },
  {
    text: telegram([
      '/FLU5\\253770234_A',
      '0-0:96.1.4(50217)',
      '1-0:1.7.0(00.000*kW)',
      '1-0:2.7.0(03.000*kW)',
      '0-1:24.1.0(003)',
      '0-1:24.2.3(200512134558S)(00112.384*m3)',
      '0-2:24.1.0(007)',
      '0-2:24.2.1(200512134558S)(00872.234*m3)',
    ]),
    sample: { phases: [], power: -3000, gas: 112.384, water: 872.234 },
  },
  {
    text: telegram(['/ADN9 6534', '1-0:1.8.0(00006678.394*kWh)', '1-0:31.7.0(000.9*A)']),
    sample: { phases: phases(0.9), registers: { import: 6678.394 } },
  },
];

const old = (power: string, gas: string) => [
  '/KMP5 KA6U001511209910',
  '0-0:96.1.1(4B384547303034303436333935353037)',
  '1-0:1.8.1(00100.500*kWh)',
  '1-0:1.8.2(00200.250*kWh)',
  `1-0:1.7.0(${power}*kW)`,
  '0-1:24.1.0(03)',
  `0-1:24.3.0(120517020000)(08)(60)(1)(0-1:24.2.1)(m3)\r\n(${gas})`,
];
const OLD = [1, 2, 3, 4].map((count) => ({
  text: telegram(old(`0000.${count}1`, `0012${count}.000`), { checksum: false }),
  sample: { phases: [], power: count * 100 + 10, registers, device, gas: 120 + count },
}));

const CRC_MISSES =
  'CRC-16/ARC misses no change of up to 3 bits or of 16 in a row, and 2^-16 of what is damaged more';
const NO_CHECK = 'no check before version 4: a changed digit is another reading';
/** What an unchecked telegram is made of: noise of these bytes may be data. */
const DATA = /[\w ().*:!/\r\n\\-]/;

export const dsmr: Variant[] = [
  {
    name: 'dsmr',
    format: 'dsmr',
    frames: NEW.map(({ text, sample }) => ({ frame: text, sample })),
    fuzz: { make: (random) => telegram(newLines(random)), bound: 2 ** -16, why: CRC_MISSES },
  },
  {
    name: 'dsmr 2 and 3',
    format: 'dsmr',
    frames: OLD.map(({ text, sample }) => ({ frame: text, sample, remarks: ['unchecked'] })),
    reserved: DATA,
    fuzz: { make: (random) => telegram(oldLines(random), { checksum: false }), bound: 0.3, why: NO_CHECK },
  },
  {
    name: 'dsmr 2 and 3, 7E1 read as 8N1',
    format: 'dsmr',
    frames: OLD.map(({ text, sample }) => ({ frame: withParity(text), sample, remarks: ['unchecked'] })),
    reserved: /./s,
    fuzz: {
      make: (random) => withParity(telegram(oldLines(random), { checksum: false })),
      bound: 0.2,
      why: `${NO_CHECK}; only flipped bits show in the parity`,
    },
  },
  {
    name: 'dsmr encrypted',
    format: 'dsmr',
    options: { key: KEY, authenticationKey: LUXEMBOURG },
    frames: NEW.map(({ text, sample }, counter) => ({ frame: encrypted(text, counter), sample })),
    fuzz: {
      make: (random) => encrypted(telegram(newLines(random)), Math.floor(random() * 2 ** 32)),
      bound: 0,
      why: 'AES-GCM with a tag of 96 bits lets 2^-96 through; its checksum alone, where the key to the tag is unknown, 2^-16',
    },
  },
];
