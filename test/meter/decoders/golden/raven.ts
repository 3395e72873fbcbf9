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
    '  <TimeStamp>0x29fde1c2</TimeStamp>',
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

const golden = (told: Told, power: number): Golden => ({
  frame: demand(told),
  sample: { phases: [], power, device: '00078100005a499f' },
});

export const raven: Variant[] = [
  {
    name: 'raven',
    format: 'raven',
    frames: [
      golden({ demand: '0x000222', multiplier: '0x00000003' }, 1638),
      golden({ demand: '0xfffffc18' }, -1000),
      golden({ demand: '0xfffc18' }, -1000),
      golden({ demand: '0x00000005', divisor: '0x00000000', multiplier: '0x00000000' }, 5000),
    ],
    fuzz: {
      make: (random) =>
        demand({
          demand: `0x${Math.floor(random() * 10_000)
            .toString(16)
            .padStart(8, '0')}`,
        }),
      bound: 0.03,
      why: 'no check at all: a changed digit is another number',
    },
  },
];
