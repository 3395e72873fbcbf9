import { round } from '../../shared/round.ts';
import type { Sample } from '../decoders/decoder.ts';
import type { Flow } from '../tariff/pricing.ts';
import { flowOf } from './energy.ts';

/** kWh by name: `import` and `export`, or `channel_1`, … of a device that counts each. */
type Values = Record<string, number>;

/** The registers of one device as they stand. */
export interface Told {
  /** Absent where it does not say which device it is. */
  device?: string;
  values: Values;
}

/** How often a direction's register moves, for those that move in large steps. */
export interface Ticks {
  /** Seconds since it was last seen to move, and by how many more it may have moved before that; default: 0. */
  idle: number;
  lag?: number;
  /** By how much, kWh, and the mean power that this was, W; 0 before it has moved. */
  kWh: number;
  watts: number;
}

/** What is to be remembered of the registers of a meter. */
export interface RegisterMemory extends Told {
  /** Seconds since then. */
  waited: number;
  /** As many of them as samples came in that told no registers. */
  untold: number;
  ticks: { import: Ticks; export: Ticks };
  /** What did not follow from them: damaged, or of another device. The next sample decides. */
  suspect?: Told & { waited: number };
}

/** What the registers grew by. */
export interface Growth {
  /** kWh. */
  flow: Flow;
  /** kWh, the smallest step that the registers seem to make. */
  resolution: Flow;
  /** How far they are counted now. */
  values: Values;
}

/** kWh that can have flowed at most. */
export interface Most {
  /** Since a register moved. */
  import: number;
  export: number;
  /** Since it was told. */
  told: number;
}

/** What makes kWh of the house of a device's own. */
export interface Scale {
  /** Every sensor is turned round. */
  swapped: boolean;
  /** What a total register's growth is multiplied with. */
  gain: number;
  /** The same for each channel; negative for one that is turned round. */
  channelGain: (index: number) => number;
  /** Whether a channel tells that power flows out just now, by its own sign. */
  feeds: (index: number) => boolean;
}

type Direction = 'import' | 'export';

/** kWh at which registers begin at 0 again: 9999.99 kWh (PZEM), five and six digits. */
const WRAPS = [1e4, 1e5, 1e6];
/** Of the way to the wrap, a register must have come this far. */
const NEARLY = 0.999;
/** Decimals that are looked at; beyond them is what floating point adds. */
const DECIMALS = 6;

/** The registers that a sample tells; undefined where it tells none. */
export function registersOf({ registers, phases, device }: Sample): Told | undefined {
  const values: Values = {};
  const add = (name: string, value: number | undefined) => {
    if (value !== undefined) values[name] = value;
  };
  add('import', registers?.import);
  add('export', registers?.export);
  if (Object.keys(values).length === 0)
    for (const [index, { energy }] of phases.entries()) add(`channel_${index + 1}`, energy);
  if (Object.keys(values).length === 0) return undefined;
  return { ...(device === undefined ? {} : { device }), values };
}

/**
 * What flowed between two states of the registers: by the total registers, or by the channels, netted. A
 * register that is met for the first time counts nothing yet.
 *
 * @returns undefined where the one cannot follow from the other.
 */
export function growthOf(before: Told, now: Told, most: Most, scale: Scale): Growth | undefined {
  if (before.device !== undefined && now.device !== undefined && before.device !== now.device)
    return undefined;
  const taken = countDirection('import', before.values, now.values, most);
  const fed = countDirection('export', before.values, now.values, most);
  const netted = countChannels(before.values, now.values, most.told, scale);
  if (taken === undefined || fed === undefined || netted === undefined) return undefined;
  const net = flowOf(netted.kWh);
  const resolution = (count: Count) => Math.max(count.resolution, netted.resolution);
  const [inward, outward] = scale.swapped ? [fed, taken] : [taken, fed];
  return {
    flow: {
      import: inward.kWh * scale.gain + net.import,
      export: outward.kWh * scale.gain + net.export,
    },
    resolution: { import: resolution(inward), export: resolution(outward) },
    values: { ...taken.values, ...fed.values, ...netted.values },
  };
}

interface Count {
  kWh: number;
  resolution: number;
  values: Values;
}

function countDirection(direction: Direction, before: Values, now: Values, most: Most): Count | undefined {
  const start = before[direction];
  const end = now[direction] ?? start;
  if (start === undefined || end === undefined)
    return { kWh: 0, resolution: 0, values: end === undefined ? {} : { [direction]: end } };
  const step = stepOf(start, end, { moved: most[direction], told: most.told });
  return step && { ...step, values: { [direction]: farthest(start, end) } };
}

/** Channels count both ways: one that fell a little has fed out. */
function countChannels(
  before: Values,
  now: Values,
  most: number,
  { channelGain, feeds }: Scale,
): Count | undefined {
  const count: Count = { kWh: 0, resolution: 0, values: pick(before, 'channel_') };
  for (const [name, value] of Object.entries(pick(now, 'channel_'))) {
    const start = before[name];
    count.values[name] = value;
    if (start === undefined) continue;
    const index = Number(name.slice('channel_'.length)) - 1;
    const step = signedStepOf(start, value, most, feeds(index));
    if (step === undefined) return undefined;
    count.kWh += step.kWh * channelGain(index);
    count.resolution = Math.max(count.resolution, step.resolution);
  }
  return count;
}

interface Step {
  kWh: number;
  resolution: number;
}

/** The growth of one register; after a fall it wrapped, or began anew and is itself what was counted since. */
function stepOf(before: number, now: number, most: { moved: number; told: number }): Step | undefined {
  const resolution = resolutionOf(before, now);
  if (isCoarser(before, now)) return { kWh: 0, resolution };
  const wraps = WRAPS.filter((wrap) => before > wrap * NEARLY && before <= wrap);
  const ways = now >= before ? [now - before] : wraps.map((wrap) => wrap - before + now);
  const kWh = ways.find((way) => way <= most.moved + resolution);
  if (kWh !== undefined) return { kWh, resolution };
  return now < before && now <= most.told + resolution ? { kWh: now, resolution } : undefined;
}

/**
 * A meter that is locked tells whole kWh of a register that it told the tenths of before: it has not fallen.
 * Nought is where a register begins anew.
 */
function isCoarser(before: number, now: number): boolean {
  return now > 0 && Number.isInteger(roundOff(now)) && now < before && before - now < 1;
}

/** How far a register is counted, so that what was counted in tenths is not counted again in whole kWh. */
function farthest(before: number, now: number): number {
  return isCoarser(before, now) ? before : now;
}

/** It went on, or fell far because it began anew: as power flows just now, out or in, is the likelier. */
function signedStepOf(before: number, now: number, most: number, feeding: boolean): Step | undefined {
  const resolution = resolutionOf(before, now);
  const fellFar = Math.abs(now) < Math.abs(before) / 2;
  const ways = [now - before, ...(fellFar ? [now] : [])].filter((way) => Math.abs(way) <= most + resolution);
  const kWh = ways.find((way) => (feeding ? way <= 0 : way >= 0)) ?? ways[0];
  return kWh === undefined ? undefined : { kWh, resolution };
}

/** A register's smallest step shows in the decimals that it tells: 1846.2 is not known to 1 Wh. */
function resolutionOf(...values: number[]): number {
  return 10 ** -Math.max(...values.map(decimalsOf));
}

function decimalsOf(value: number): number {
  return String(roundOff(value)).split('.')[1]?.length ?? 0;
}

function pick(values: Values, prefix: string): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => name.startsWith(prefix)));
}

function roundOff(value: number): number {
  return round(value, DECIMALS);
}
