import type { MockBindingInterface } from '@serialport/binding-mock';
import { SerialPortMock } from 'serialport';
import { every, type Time } from '../shared/time.ts';
import { crc16Arc } from './decoders/crc.ts';

const HOUR = 3600;
const U32 = 2 ** 32;

/** A load that is on for `on` of every `period` seconds and draws `amps`. */
interface Load {
  amps: number;
  period: number;
  on: number;
  offset: number;
}

/** A small household: standby, a refrigerator, lights in the evening, a kettle, an oven. */
const HOUSEHOLD: Load[][] = [
  [
    { amps: 0.9, period: 1, on: 1, offset: 0 },
    { amps: 1.4, period: 2700, on: 900, offset: 300 },
    { amps: 3.2, period: 24 * HOUR, on: 5 * HOUR, offset: 2 * HOUR },
    { amps: 11.5, period: 1020, on: 75, offset: 0 },
  ],
  [
    { amps: 0.6, period: 1, on: 1, offset: 0 },
    { amps: 2.1, period: 1800, on: 700, offset: 900 },
    { amps: 14, period: 6 * HOUR, on: 1500, offset: 2 * HOUR },
  ],
];

/** One appliance of the household after another, with its phase, those that run often first. */
const PARTS = HOUSEHOLD.flatMap((loads, phase) =>
  loads.filter(({ on, period }) => on < period).map((load) => ({ load, phase })),
).sort((a, b) => b.load.on / b.load.period - a.load.on / a.load.period);

/** What each phase feeds: the whole household, or one part of it, from 1. */
function loadsOf(part: number): Load[][] {
  if (part === 0) return HOUSEHOLD;
  const chosen = PARTS[(part - 1) % PARTS.length];
  // Beyond the last appliance there are more of each, that run at other times.
  const offset = Math.floor((part - 1) / PARTS.length) * 1000;
  return HOUSEHOLD.map((_loads, phase) =>
    chosen?.phase === phase ? [{ ...chosen.load, offset: chosen.load.offset + offset }] : [],
  );
}

/**
 * The line a panel would send as its `seq`-th: a pure function of time, with exact charge counters, so
 * that the simulated device goes on counting while nobody reads it, as the real one does.
 * @param seconds since its power-on. @param part of the household that it measures: 0 is the whole.
 */
export function simulatedLine(boot: number, seq: number, seconds: number, part = 0): string {
  const household = loadsOf(part);
  const currents = household.map((loads) => loads.reduce((sum, load) => sum + currentOf(load, seconds), 0));
  const charges = household.map((loads) => loads.reduce((sum, load) => sum + chargeOf(load, seconds), 0));
  const mA = currents.map((current) => Math.round(current * 1000));
  const amps = mA.map((milliamperes) => Math.round(milliamperes / 1000));
  const counts = [
    boot,
    seq,
    Math.round(seconds * 1000) % U32,
    ...mA,
    ...charges.map((charge) => Math.floor(charge) % U32),
  ];
  const body = `${amps.join(' ')} ;1,${counts.join(',')}`;
  return `${body}*${crc16Arc(Buffer.from(body)).toString(16).toUpperCase().padStart(4, '0')}\n`;
}

function currentOf({ amps, period, on, offset }: Load, seconds: number): number {
  return (seconds + offset) % period < on ? amps : 0;
}

function chargeOf({ amps, period, on, offset }: Load, seconds: number): number {
  const shifted = seconds + offset;
  return amps * (Math.floor(shifted / period) * on + Math.min(shifted % period, on));
}

/**
 * A simulated panel on a mock port. It was switched on at the start of the year.
 * @param cadence ms between lines. `part`: see `simulatedLine`.
 */
export function simulatedPort(
  cadence: number,
  { time, part = 0 }: { time: Time; part?: number },
  signal: AbortSignal,
): { path: string; createPort: () => SerialPortMock } {
  const binding: MockBindingInterface = SerialPortMock.binding;
  const path = `/dev/simulated-panel-${part}`;
  binding.createPort(path, { echo: false, record: false });
  let port: SerialPortMock | undefined;
  void every(cadence, time, signal, () => {
    const now = time.now();
    const year = new Date(now).getUTCFullYear();
    const seconds = (now - Date.UTC(year, 0)) / 1000;
    const line = simulatedLine(year % 256, Math.floor((seconds * 1000) / cadence), seconds, part);
    if (port?.isOpen) port.port?.emitData(line);
  });
  return {
    path,
    createPort: () => {
      port = new SerialPortMock({ path, baudRate: 9600, autoOpen: false });
      return port;
    },
  };
}
