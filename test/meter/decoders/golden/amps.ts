import { phases, type Variant } from './variant.ts';

export const amps: Variant[] = [
  {
    name: 'amps',
    format: 'amps',
    frames: [
      { frame: '1 2\r\n', sample: { phases: phases(1, 2) } },
      { frame: '0 0\n', sample: { phases: phases(0, 0) } },
      { frame: ' 12.5\t3 \r\n', sample: { phases: phases(12.5, 3) } },
      { frame: '200 199.999999\n', sample: { phases: phases(200, 199.999999) } },
    ],
    reserved: /[\s\d.-]/,
    fuzz: {
      make: (random) => `${Math.floor(random() * 40)} ${Math.floor(random() * 40)}\r\n`,
      bound: 0.17,
      why: 'no check at all: any two numbers are a reading',
    },
  },
];
