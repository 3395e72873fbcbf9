/** Modbus RTU as the PZEM-004T v3 speaks it: what is asked, and what an answer holds. Pure. */
import { crc16Modbus } from './crc.ts';
import type { Sample } from './decoder.ts';

/** Function: read input registers. An answer with the top bit set refuses the question. */
export const READ = 0x04;
export const REFUSED = READ | 0x80;
/** Bytes of registers in an answer: ten of two bytes. */
export const DATA = 20;
const REGISTERS = DATA / 2;

/** V; the module measures up to 260. */
const MAX_VOLTAGE = 400;
/** W above which no module measures, with room. */
const MAX_POWER = 50_000;
/** Hz; 0 where there is no voltage to measure it of. */
const MAX_FREQUENCY = 70;
/**
 * Wh. The data sheet ends at 9999.99 kWh without saying what comes then; much more is a fault that was
 * seen while the voltage fell away.
 */
const MAX_ENERGY = 100_000_000;

/**
 * Asks a module for all that it measures: 8 bytes.
 * @param address of the module, 1 to 247; 248 reaches the only one on a line, whatever its address.
 */
export function pzemRequest(address: number): Uint8Array {
  const request = Uint8Array.of(address, READ, 0, 0, 0, REGISTERS, 0, 0);
  const crc = crc16Modbus(request.subarray(0, -2));
  request.set([crc & 0xff, crc >> 8], 6);
  return request;
}

/** Whether the last two bytes are the checksum of those before them. */
export function isIntact(frame: Uint8Array): boolean {
  const end = frame.length - 2;
  return crc16Modbus(frame.subarray(0, end)) === ((frame[end] ?? 0) | ((frame[end + 1] ?? 0) << 8));
}

/** An answer's ten registers as a sample; undefined where no such values can be. The alarm is left out. */
export function readAnswer(frame: Uint8Array, maxCurrent: number): Sample | undefined {
  const word = (register: number) => {
    const at = 3 + 2 * register;
    return ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
  };
  // The low word comes first.
  const long = (register: number) => word(register) + word(register + 1) * 0x10000;
  const [voltage, current, power, energy] = [word(0) / 10, long(1) / 1000, long(3) / 10, long(5)];
  const [frequency, powerFactor] = [word(7) / 10, word(8) / 100];
  if (
    voltage > MAX_VOLTAGE ||
    current > maxCurrent ||
    power > MAX_POWER ||
    energy > MAX_ENERGY ||
    frequency > MAX_FREQUENCY ||
    powerFactor > 1
  )
    return undefined;
  return {
    address: frame[0] ?? 0,
    phases: [{ voltage, current, power }],
    power,
    frequency,
    powerFactor,
    registers: { import: energy / 1000 },
  };
}
