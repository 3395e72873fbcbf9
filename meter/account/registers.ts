import type { Sample } from '../decoders/decoder.ts';
import type { Flow } from '../tariff/pricing.ts';
import { flowOf, round, sum } from './energy.ts';

/** kWh by name: `import`, `export`, of rates `import_1`, …, and `channel_1`, … of a device that counts each. */
type Values = Record<string, number>;

/** The registers of one device as they stand. */
export interface Told {
  /** Absent where it does not say which device it is. */
  device?: string;
  values: Values;
}

/** How often a direction's register moves, for those that move in large steps. */
export interface Ticks {
  /** Seconds since it last moved. */
  idle: number;
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

/** kWh that can have flowed at most, by kind of register. */
export interface Most {
  import: number;
  export: number;
  channel: number;
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
  for (const direction of ['import', 'export'] as const) {
    add(direction, registers?.[direction]);
    for (const [rate, value] of Object.entries(registers?.[`${direction}Rates`] ?? {}))
      add(`${direction}_${rate}`, value);
  }
  if (Object.keys(values).length === 0)
    for (const [index, { energy }] of phases.entries()) add(`channel_${index + 1}`, energy);
  if (Object.keys(values).length === 0) return undefined;
  return { ...(device === undefined ? {} : { device }), values };
}

/**
 * What flowed between two states of the registers: by the total registers, by the rates where those are
 * missing, or by the channels, netted. A register that is met for the first time counts nothing yet.
 *
 * @returns undefined where the one cannot follow from the other.
 */
export function growthOf(before: Told, now: Told, most: Most, scale: Scale): Growth | undefined {
  if (before.device !== undefined && now.device !== undefined && before.device !== now.device)
    return undefined;
  const taken = countDirection('import', before.values, now.values, most.import);
  const fed = countDirection('export', before.values, now.values, most.export);
  const netted = countChannels(before.values, now.values, most.channel, scale);
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

function countDirection(direction: Direction, before: Values, now: Values, most: number): Count | undefined {
  const total = now[direction];
  const counted = before[direction];
  const rates = Object.keys(now).filter((name) => name.startsWith(`${direction}_`));
  const byTotal = total !== undefined && counted !== undefined;
  const names = byTotal ? [direction] : rates.filter((name) => before[name] !== undefined);
  const steps = names.map((name) => stepOf(before[name] ?? 0, now[name] ?? 0, most));
  const kWh = sum(steps.map((step) => step?.kWh ?? Number.POSITIVE_INFINITY));
  const resolution = Math.max(0, ...steps.map((step) => step?.resolution ?? 0));
  if (kWh > most + resolution) return undefined;
  // What was counted by one kind must not be counted again by the other, when a telegram has only that.
  const values = now[direction] === undefined ? pick(before, `${direction}_`) : {};
  for (const name of rates) values[name] = farthest(before[name], now[name] ?? 0);
  const sumOfRates = counted === undefined ? undefined : roundOff(counted + kWh);
  const end = total === undefined ? sumOfRates : farthest(counted, total);
  if (end !== undefined) values[direction] = end;
  return { kWh, resolution, values };
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
function stepOf(before: number, now: number, most: number): Step | undefined {
  const resolution = resolutionOf(before, now);
  if (isCoarser(before, now)) return { kWh: 0, resolution };
  const wraps = WRAPS.filter((wrap) => before > wrap * NEARLY && before <= wrap);
  const ways = now >= before ? [now - before] : [...wraps.map((wrap) => wrap - before + now), now];
  const kWh = ways.find((way) => way >= 0 && way <= most + resolution);
  return kWh === undefined ? undefined : { kWh, resolution };
}

/**
 * A meter that is locked tells whole kWh of a register that it told the tenths of before: it has not fallen.
 * Nought is where a register begins anew.
 */
function isCoarser(before: number, now: number): boolean {
  const isFinerBefore = decimalsOf(before) > decimalsOf(now);
  return isFinerBefore && now > 0 && now < before && before - now < 10 ** -decimalsOf(now);
}

/** How far a register is counted, so that what was counted in tenths is not counted again in whole kWh. */
function farthest(before: number | undefined, now: number): number {
  return before !== undefined && isCoarser(before, now) ? before : now;
}

/** @param feeding the channel tells that power flows out just now. */
function signedStepOf(before: number, now: number, most: number, feeding: boolean): Step | undefined {
  const resolution = resolutionOf(before, now);
  const possible = (kWh: number) => Math.abs(kWh) <= most + resolution;
  const fellFar = Math.abs(now) < Math.abs(before) / 2;
  if (fellFar && !feeding && possible(now)) return { kWh: now, resolution };
  if (possible(now - before)) return { kWh: now - before, resolution };
  return fellFar && possible(now) ? { kWh: now, resolution } : undefined;
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
