import { withParity } from './dsmr.ts';
import { phases, type Variant } from './variant.ts';

/** A readout between STX and ETX, with the check that belongs to it, and what `damage` makes of that. */
export function readout(lines: string[], damage = 0): string {
  const data = `${[...lines, '!'].join('\r\n')}\r\n\x03`;
  const bcc = Buffer.from(data, 'latin1').reduce((xor, byte) => xor ^ byte, damage);
  return `/LGZ52ZMD120APt.G03\r\n\x02${data}${String.fromCharCode(bcc)}`;
}

/** A telegram of a meter that speaks by itself. */
export const pushed = (lines: string[]) => `/EBZ5DD3BZ06ETA_107\r\n\r\n${[...lines, '!', ''].join('\r\n')}`;

const READOUT = [1, 2, 3, 4].map((count) => ({
  lines: [
    'F.F(00)',
    '0.0.0(12345678)',
    `1.8.0(00184${count}.0*kWh)`,
    '1.8.0*31(001700.0*kWh)',
    '31.7(01.50*A)',
    '16.7(-0.250*kW)',
  ],
  sample: {
    phases: phases(1.5),
    power: -250,
    registers: { import: 1840 + count },
    device: '12345678',
  },
}));

const PUSHED = [1, 2, 3, 4].map((count) => ({
  text: pushed([
    '1-0:0.0.0*255(1EBZ0100507409)',
    '1-0:1.8.0*255(000125.25000000*kWh)',
    `1-0:16.7.0*255(00025${count}.20*W)`,
    '1-0:96.5.0*255(001C0104)',
  ]),
  sample: { phases: [], power: 250.2 + count, registers: { import: 125.25 }, device: '1EBZ0100507409' },
}));

const number = (random: () => number, whole: number, decimals: number) =>
  (random() * 10 ** whole).toFixed(decimals).padStart(whole + 1 + decimals, '0');

function lines(random: () => number): string[] {
  return [
    'F.F(00)',
    '0.0.0(12345678)',
    '0.9.1(105644)',
    ...['1.8.1', '1.8.2', '1.8.0', '2.8.0'].map((code) => `${code}(${number(random, 5, 1)}*kWh)`),
    '1.8.0*31(001700.0*kWh)',
    ...[32, 52, 72].map((code) => `${code}.7(${number(random, 2, 0)}*V)`),
    ...[31, 51, 71].map((code) => `${code}.7(${number(random, 1, 2)}*A)`),
    `1.7.0(${number(random, 1, 3)}*kW)`,
    'C.5.0(0410)',
  ];
}

const obis = (random: () => number) => [
  '1-0:0.0.0*255(1EBZ0100507409)',
  `1-0:1.8.0*255(${number(random, 5, 8)}*kWh)`,
  ...[16, 36, 56, 76].map((code) => `1-0:${code}.7.0*255(${number(random, 3, 2)}*W)`),
  '1-0:96.5.0*255(001C0104)',
];

/** What a readout is made of, its control characters among it: noise of these bytes may be data. */
const DATA = /[\w ().*:!&+/\\\p{Cc}-]/u;
const NO_CHECK = 'no check: a changed digit is another reading';

export const d0: Variant[] = [
  {
    name: 'd0',
    format: 'd0',
    options: { checksum: 'refuse' },
    frames: READOUT.map(({ lines, sample }) => ({ frame: readout(lines), sample })),
    reserved: DATA,
    fuzz: {
      make: (random) => readout(lines(random)),
      bound: 0.09,
      why: 'an XOR misses every swap, and of two changed bits or digits one in seven to ten',
    },
  },
  {
    name: 'd0, wrong checks let through',
    format: 'd0',
    frames: READOUT.map(({ lines, sample }) => ({ frame: readout(lines, 0x0b), sample, remarks: ['bcc'] })),
    reserved: DATA,
    fuzz: { make: (random) => readout(lines(random)), bound: 0.26, why: 'the check is not heeded' },
  },
  {
    name: 'd0 pushed',
    format: 'd0',
    frames: PUSHED.map(({ text, sample }) => ({ frame: text, sample, remarks: ['unchecked'] })),
    reserved: DATA,
    fuzz: { make: (random) => pushed(obis(random)), bound: 0.35, why: NO_CHECK },
  },
  {
    name: 'd0, 7E1 read as 8N1',
    format: 'd0',
    options: { checksum: 'refuse' },
    frames: READOUT.map(({ lines, sample }) => ({ frame: withParity(readout(lines)), sample })),
    reserved: /./s,
    fuzz: {
      make: (random) => withParity(readout(lines(random))),
      bound: 0.09,
      why: 'an XOR misses every swap, and of two changed digits one in ten',
    },
  },
];
