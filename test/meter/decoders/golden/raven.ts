import type { Golden, Variant } from './variant.ts';

interface Told {
  demand: string;
  multiplier?: string;
  divisor?: string;
}

export function demand({ demand, multiplier = '0x00000001', divisor = '0x000003e8' }: Told): string {
  return [
    '<InstantaneousDemand>',
    '  <DeviceMacId>0xd8d5b9000000fca8</DeviceMacId>',
    '  <MeterMacId>0x00078100005a499f</MeterMacId>',
    '  <TimeStamp>0x2b0c5d6e</TimeStamp>',
    `  <Demand>${demand}</Demand>`,
    `  <Multiplier>${multiplier}</Multiplier>`,
    `  <Divisor>${divisor}</Divisor>`,
    '  <DigitsRight>0x03</DigitsRight>',
    '  <DigitsLeft>0x05</DigitsLeft>',
    '  <SuppressLeadingZero>Y</SuppressLeadingZero>',
    '</InstantaneousDemand>',
    '',
  ].join('\r\n');
}

/** @param registers what was taken in and fed out. */
function summation(registers: { delivered: string; received?: string }, divisor = '0x000003e8'): string {
  const { delivered, received } = registers;
  return [
    '<CurrentSummationDelivered>',
    '  <DeviceMacId>0xd8d5b90000000aaa</DeviceMacId>',
    '  <MeterMacId>0x0013500300000bbb</MeterMacId>',
    '  <TimeStamp>0x2b0c5d80</TimeStamp>',
    `  <SummationDelivered>${delivered}</SummationDelivered>`,
    ...(received === undefined ? [] : [`  <SummationReceived>${received}</SummationReceived>`]),
    '  <Multiplier>0x00000001</Multiplier>',
    `  <Divisor>${divisor}</Divisor>`,
    '  <DigitsRight>0x03</DigitsRight>',
    '  <DigitsLeft>0x06</DigitsLeft>',
    '  <SuppressLeadingZero>Y</SuppressLeadingZero>',
    '</CurrentSummationDelivered>',
    '',
  ].join('\r\n');
}

const hexadecimal = (value: number, digits: number) => `0x${value.toString(16).padStart(digits, '0')}`;

const counted = (frame: string, registers: Golden['sample']['registers'] & object): Golden => ({
  frame,
  sample: { phases: [], device: '0013500300000bbb', registers },
});

const golden = (told: Told, power: number): Golden => ({
  frame: demand(told),
  sample: { phases: [], power, device: '00078100005a499f' },
});

export const raven: Variant[] = [
  {
    name: 'raven',
    format: 'raven',
    frames: [
      golden({ demand: '0x0001a7', multiplier: '0x00000003' }, 1269),
      golden({ demand: '0xfffffc18' }, -1000),
      golden({ demand: '0xfffc18' }, -1000),
      golden({ demand: '0x00000005', divisor: '0x00000000', multiplier: '0x00000000' }, 5000),
    ],
    fuzz: {
      make: (random) => demand({ demand: hexadecimal(Math.floor(random() * 10_000), 8) }),
      bound: 0.03,
      why: 'no check at all: a changed digit is another number',
    },
  },
  {
    name: 'raven, registers',
    format: 'raven',
    frames: [
      counted(summation({ delivered: '0x0000000001a2b3c4', received: '0x0000000000000000' }), {
        import: 27_440.068,
        export: 0,
      }),
      counted(summation({ delivered: '0x0000000001a2b3c5' }), { import: 27_440.069 }),
      counted(summation({ delivered: '0x0000000001a2b3c6', received: '0xffffffffffff' }), {
        import: 27_440.07,
      }),
      counted(summation({ delivered: '0x00012d', received: '0x0007' }, '0x00000000'), {
        import: 301,
        export: 7,
      }),
    ],
    fuzz: {
      make: (random) =>
        summation({
          delivered: hexadecimal(Math.floor(random() * 1e8), 16),
          received: hexadecimal(Math.floor(random() * 1e6), 16),
        }),
      bound: 0.05,
      why: 'no check at all: a changed digit is another number',
    },
  },
];
