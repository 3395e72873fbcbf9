/** Several meters: what they take from each other, and what they must not. */
import type * as z from 'zod';
import { FORMATS, type Meter } from './meter.ts';

/** Formats of meters that may, or must, be asked. */
const ASKED: readonly string[] = ['pzem', 'd0'];
/** ms; sooner, a line would do nothing but ask. */
const LEAST_POLL = 100;
/** Formats whose lines carry bare currents of sensors, one for each of `phases`. */
const SENSORS: readonly string[] = ['amps', 'panel'];
const PANEL_SENSORS = 2;
/** How many channels the devices of a format have, at most. */
const CHANNELS_OF: Partial<Record<NonNullable<Meter['decoder']>, number>> = {
  panel: PANEL_SENSORS,
  dsmr: 3,
  d0: 3,
  sml: 3,
  pzem: 1,
  raven: 1,
};
/** Of `pzem`: whoever is alone on a line hears this address, and may answer by its own. */
export const ANYBODY = 248;
/** Settings of the line itself, not of one meter that is read over it. */
const OF_THE_LINE = [
  ...['decoder', 'baud', 'framing', 'poll', 'device_address', 'wake_up'],
  ...['key', 'authentication_key', 'checksum', 'settle', 'silence', 'max_current'],
] as const satisfies readonly (keyof Meter)[];

/** What a meter that is made of others has not; `poll` comes with a decoder. */
const OF_A_DEVICE = [
  ...['decoder', 'baud', 'framing', 'poll', 'address', 'device_address', 'channels'],
  ...['key', 'authentication_key'],
] as const satisfies readonly (keyof Meter)[];

interface Several {
  meter: Meter;
  meters: readonly Meter[];
}

/** The meters there are: those of the list, or else the one. */
export function metersOf({ meter, meters }: Several): readonly Meter[] {
  return meters.length > 0 ? meters : [meter];
}

/** The line that a meter is read over: its port, or its own where that is made up; undefined for a computed one. */
export function lineOf({ name, port, computed }: Meter): string | undefined {
  if (computed !== undefined) return undefined;
  return port === 'simulated' ? `simulated ${name}` : port;
}

/** What means something to meters of one format only. */
const OF_THE_FORMAT = [
  ...['baud', 'framing', 'poll', 'address', 'device_address', 'wake_up'],
  ...['channels', 'key', 'authentication_key'],
];

/** Settings as they were written, each of `meters` with what it leaves to `meter`. */
export function inherit(input: unknown): unknown {
  if (!isSection(input) || !isSection(input.meter) || !Array.isArray(input.meters)) return input;
  const { meter } = input;
  return {
    ...input,
    meters: input.meters.map((entry: unknown) =>
      isSection(entry) ? { ...heritageOf(meter, entry), ...entry } : entry,
    ),
  };
}

function heritageOf(meter: Section, entry: Section): Section {
  const { decoder = meter.decoder, computed } = entry;
  // One that is made of others has no line and no sensors.
  const foreign = computed
    ? ['phases', 'port', 'decoder', ...OF_THE_FORMAT]
    : meter.decoder !== undefined && decoder !== meter.decoder
      ? OF_THE_FORMAT
      : [];
  const own = Object.entries({ ...meter, ...phasesOf(meter, entry) });
  return Object.fromEntries(own.filter(([key]) => !foreign.includes(key)));
}

/** Those of the channels that an entry picks, of the device that `meter` describes. */
function phasesOf({ phases }: Section, { channels }: Section): Section {
  if (!Array.isArray(phases) || !Array.isArray(channels)) return {};
  return { phases: channels.map((channel) => phases[Number(channel) - 1] ?? {}) };
}

type Section = Record<string, unknown>;
export const isSection = (value: unknown): value is Section =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** Complains of what is wrong in one meter, between two, and of computed ones. */
export function checkMeters(settings: Several, context: z.core.$RefinementCtx<unknown>): void {
  const meters = metersOf(settings);
  const refuser = (index: number) => (key: keyof Meter, message: string) => {
    const section = settings.meters.length > 0 ? ['meters', index] : ['meter'];
    context.addIssue({ code: 'custom', path: [...section, key], message });
  };
  for (const [index, meter] of meters.entries()) {
    const refuse = refuser(index);
    if (meter.computed === undefined) checkMeter(meter, refuse);
    else checkComputed(meter, meters, refuse);
    checkLine(meter, meters.slice(0, index), refuse);
  }
}

type Refuse = (key: keyof Meter, message: string) => void;

function checkMeter(meter: Meter, refuse: Refuse): void {
  const { port, decoder, phases, channels, poll, address, silence, max_gap } = meter;
  const format = decoder ?? 'panel';
  if (port !== 'simulated' && decoder === undefined)
    refuse(
      'decoder',
      `must name the format of a real port, one of ${FORMATS.join(', ')}: formats are never guessed`,
    );
  if (port === 'simulated' && format !== 'panel') refuse('decoder', 'must be `panel` for the simulated port');
  const expected = channels?.length ?? (format === 'panel' ? PANEL_SENSORS : phases.length);
  if (phases.length !== expected && SENSORS.includes(format))
    refuse(
      'phases',
      channels
        ? `must have one entry for each of channels, ${expected}, has ${phases.length}`
        : `must have exactly 2 entries for the decoder \`panel\`, has ${phases.length}`,
    );
  checkChannels(meter, refuse);
  for (const key of ['silence', 'max_gap', 'simulated_cadence'] as const)
    if (meter[key] === 0) refuse(key, 'must be more than 0s');
  if (address !== undefined && format !== 'pzem')
    refuse('address', 'must be left out: only `pzem` has one (`d0` has device_address)');
  if (poll === undefined) return;
  if (!ASKED.includes(format))
    refuse('poll', `must be left out: meters of the format \`${format}\` speak by themselves`);
  if (poll < LEAST_POLL) refuse('poll', `must be at least ${LEAST_POLL}ms`);
  if (silence <= poll) refuse('silence', 'must be longer than poll, or left out');
  if (max_gap <= poll) refuse('max_gap', 'must be longer than poll, or left out');
}

function checkChannels({ decoder = 'panel', channels = [] }: Meter, refuse: Refuse): void {
  const most = CHANNELS_OF[decoder] ?? Number.POSITIVE_INFINITY;
  if (channels.length > 0 && most === 1)
    refuse('channels', `must be left out: a device of the format \`${decoder}\` has but one`);
  else if (channels.some((channel) => channel > most))
    refuse('channels', `must be of 1 to ${most} for the decoder \`${decoder}\``);
  if (new Set(channels).size < channels.length)
    refuse('channels', `must name each channel once, has ${channels.join(', ')}`);
}

function checkComputed(meter: Meter, meters: readonly Meter[], refuse: Refuse): void {
  const { name, computed, port } = meter;
  if (port !== 'simulated') refuse('port', 'must be left out: a computed meter has none');
  const [stray] = OF_A_DEVICE.filter((key) => meter[key] !== undefined);
  if (stray) refuse(stray, 'must be left out: a computed meter is no device');
  const members = membersOf(computed);
  const known = meters.map((meter) => meter.name);
  for (const member of members)
    if (!known.includes(member))
      refuse('computed', `must name other meters of these settings, but there is no ${member}`);
  if (new Set(members).size < members.length)
    refuse('computed', `must name each meter once, has ${members.join(', ')}`);
  const within = reach(name, meters);
  if (within.has(name)) refuse('computed', `must not be made of itself, but ${name} is`);
}

/** Those whose readings a computed meter is made of. */
export function membersOf(computed: Meter['computed']): string[] {
  return computed ? [...computed.plus, ...computed.minus] : [];
}

/** ms that are no gap between two readings of a meter; of a computed one, what is none for its slowest member. */
export function maxGapOf({ computed, max_gap }: Meter, meters: readonly Meter[]): number {
  if (computed === undefined) return max_gap;
  const members = membersOf(computed).flatMap((member) => meters.find(({ name }) => name === member) ?? []);
  return Math.max(...members.map((member) => maxGapOf(member, meters)));
}

/** The same by name; of a meter that only others know, that of `meter`. */
export function maxGapsOf(settings: Several): (name: string) => number {
  const meters = metersOf(settings);
  const known = new Map(meters.map((meter) => [meter.name, maxGapOf(meter, meters)]));
  return (name) => known.get(name) ?? settings.meter.max_gap;
}

/** Whether what a meter tells is made up, or made of what is. */
export function isSimulated({ computed, port }: Meter, meters: readonly Meter[]): boolean {
  if (computed === undefined) return port === 'simulated';
  const members = membersOf(computed);
  return meters.some((meter) => members.includes(meter.name) && isSimulated(meter, meters));
}

/** All that a computed meter is made of, over any number of others. */
function reach(name: string, meters: readonly Meter[]): Set<string> {
  const found = new Set<string>();
  const next = [name];
  for (let at = next.pop(); at !== undefined; at = next.pop())
    for (const member of membersOf(meters.find((meter) => meter.name === at)?.computed)) {
      if (found.has(member)) continue;
      found.add(member);
      next.push(member);
    }
  return found;
}

/** Of meters on one port, each must be another part of what comes over it, and all of one mind about the line. */
function checkLine(meter: Meter, before: readonly Meter[], refuse: Refuse): void {
  const line = lineOf(meter);
  const sharing = line === undefined ? [] : before.filter((other) => lineOf(other) === line);
  const [first] = sharing;
  if (first === undefined) return;
  const differing = OF_THE_LINE.filter((key) => meter[key] !== first[key]);
  // Of another format, everything else is another's too.
  for (const key of differing[0] === 'decoder' ? differing.slice(0, 1) : differing)
    refuse(key, `must be that of ${first.name}, for both are read from ${meter.port}`);
  if (differing[0] === 'decoder') return;
  const same = sharing.find((other) => overlaps(meter, other));
  if (same === undefined) return;
  const key = isAddressed(meter) ? 'address' : 'channels';
  refuse(key, `must differ from that of ${same.name}, for both are read from ${meter.port}`);
}

function overlaps(one: Meter, other: Meter): boolean {
  if (!isAddressed(one)) return sorted(one.channels) === sorted(other.channels);
  const addresses = [one, other].map(addressOf);
  return addresses[0] === addresses[1] || addresses.includes(ANYBODY);
}

const sorted = (channels: Meter['channels']): string => String(channels?.toSorted((a, b) => a - b));

const isAddressed = ({ decoder }: Meter): boolean => decoder === 'pzem';

/** Of one module among several on a line. */
export function addressOf({ address = 1 }: Meter): number {
  return address;
}
