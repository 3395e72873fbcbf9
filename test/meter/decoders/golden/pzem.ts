import { crc16Modbus } from '../../../../meter/decoders/crc.ts';
import type { Golden, Variant } from './variant.ts';

interface Told {
  address: number;
  /** 0.1 V, mA, 0.1 W, Wh, 0.1 Hz, 0.01, and the alarm. */
  voltage: number;
  current: number;
  power: number;
  energy: number;
  frequency: number;
  powerFactor: number;
  alarm?: number;
}

/** Any frame with the checksum that belongs to it. @param body in hexadecimal, or bytes. */
export function modbus(body: string | Uint8Array): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body.replaceAll(' ', ''), 'hex') : Buffer.from(body);
  const crc = crc16Modbus(bytes);
  return Buffer.concat([bytes, Buffer.of(crc & 0xff, crc >> 8)]);
}

export function answer(told: Told): Buffer {
  const { address, voltage, current, power, energy, frequency, powerFactor, alarm = 0 } = told;
  const low = (value: number) => [value & 0xffff, value >>> 16];
  const words = [voltage, ...low(current), ...low(power), ...low(energy), frequency, powerFactor, alarm];
  return modbus(Buffer.of(address, 4, 20, ...words.flatMap((word) => [word >> 8, word & 0xff])));
}

function golden(told: Told): Golden {
  const power = told.power / 10;
  return {
    frame: answer(told),
    sample: {
      address: told.address,
      phases: [{ voltage: told.voltage / 10, current: told.current / 1000, power }],
      power,
      frequency: told.frequency / 10,
      powerFactor: told.powerFactor / 100,
      registers: { import: told.energy / 1000 },
    },
  };
}

export const pzem: Variant[] = [
  {
    name: 'pzem',
    format: 'pzem',
    frames: [
      {
        frame: Buffer.from('01041408D1006C000000F40000002600000 1F4006400005134'.replace(' ', ''), 'hex'),
        sample: {
          address: 1,
          phases: [{ voltage: 225.7, current: 0.108, power: 24.4 }],
          power: 24.4,
          frequency: 50,
          powerFactor: 1,
          registers: { import: 0.038 },
        },
      },
      golden({
        address: 2,
        voltage: 1205,
        current: 95_342,
        power: 112_345,
        energy: 9_999_990,
        frequency: 600,
        powerFactor: 97,
      }),
      golden({ address: 1, voltage: 0, current: 0, power: 0, energy: 38, frequency: 0, powerFactor: 0 }),
      golden({
        address: 248,
        voltage: 2299,
        current: 70_001,
        power: 160_000,
        energy: 65_537,
        frequency: 499,
        powerFactor: 99,
        alarm: 0xffff,
      }),
    ],
    fuzz: {
      make: (random) => {
        const below = (limit: number) => Math.floor(random() * limit);
        return answer({
          address: 1 + below(8),
          voltage: 2100 + below(400),
          current: below(60_000),
          power: below(140_000),
          energy: below(9_999_990),
          frequency: 498 + below(5),
          powerFactor: below(101),
        });
      },
      bound: 2 ** -16,
      why: 'CRC-16: 2^-16 of what is damaged beyond what it surely finds, less what cannot be',
    },
  },
];
