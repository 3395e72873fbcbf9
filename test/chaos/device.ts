import { crc16Arc } from '../../meter/decoders/crc.ts';

/** V of both phases, and what one count of charge is worth. */
export const VOLTS = 120;
/** kWh of one A·s: energy of the panel format is always a whole number of these. */
export const KWH_PER_COUNT = VOLTS / 3_600_000;

/** What the device measured as its `number`-th line, whoever read it. */
export interface Line {
  number: number;
  /** Charge of both phases since power-on, A·s; does not wrap. */
  counts: number;
  text: string;
}

const U32 = 2 ** 32;
/** What the counters start with: each of them passes its end within the run. */
const CHARGE_AT_START = U32 - 500;
const MILLISECONDS_AT_START = U32 - 20_000;
/** The number of a line is told by its milliamperes, so that its reading can be known again. */
const PER_STEP = 20_000;
const LEAST = 5000;

/** A panel that counts its charge, read or not. */
export class Device {
  #number = 0;
  #meteredMs = 0;
  /** mA·ms, which is µA·s. */
  readonly #charge: [number, number] = [0, 0];

  /** The next line, after `ms` milliseconds; whole. */
  measure(ms: number): Line {
    this.#number += 1;
    this.#meteredMs += ms;
    const milliamperes = [this.#number % PER_STEP, LEAST + Math.floor(this.#number / PER_STEP)] as const;
    this.#charge[0] += milliamperes[0] * ms;
    this.#charge[1] += milliamperes[1] * ms;
    const counts = this.#charge.map((charge) => Math.floor(charge / 1e6));
    const amperes = milliamperes.map((current) => Math.round(current / 1000));
    const fields = [
      7,
      this.#number,
      (MILLISECONDS_AT_START + this.#meteredMs) % U32,
      ...milliamperes,
      ...counts.map((count) => (CHARGE_AT_START + count) % U32),
    ];
    const body = `${amperes.join(' ')} ;1,${fields.join(',')}`;
    const text = `${body}*${crc16Arc(Buffer.from(body)).toString(16).toUpperCase().padStart(4, '0')}\n`;
    return { number: this.#number, counts: counts.reduce((sum, count) => sum + count, 0), text };
  }
}

/** The number of the line that a reading was made of. */
export function lineNumber({ current_1 = 0, current_2 = 0 }: Record<`current_${number}`, number>): number {
  return Math.round(current_1 * 1000) + (Math.round(current_2 * 1000) - LEAST) * PER_STEP;
}
