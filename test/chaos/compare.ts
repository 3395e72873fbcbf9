import type { Reading } from '../../shared/wire.ts';
import { KWH_PER_COUNT, lineNumber } from './device.ts';
import { type Span, timeToRead } from './spans.ts';

/** One line that the device measured. */
export interface Truth {
  number: number;
  /** Charge counted until then, A·s over both phases. */
  counts: number;
  /** When it was sent, ms of the harness's clock; undefined when the device was unplugged or nobody was there. */
  sentAt?: number;
}

/** What the store holds: field → time in ms → each value it has there. */
export type StoredPoints = ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>;

/** A line that the meter logged as decoded, before it kept it. */
export interface Decoded {
  number: number;
  /** The process that did. */
  life: number;
}

export interface Evidence {
  lines: readonly Truth[];
  spans: readonly Span[];
  /** In the order of the log. */
  decoded: readonly Decoded[];
  /** When the meter's disk was full; ms. */
  full: readonly { from: number; to: number }[];
  /** All of the journal. */
  readings: readonly Reading[];
  stored: StoredPoints;
}

/** Something that is not as it must be. */
export interface Problem {
  kind: 'lost' | 'duplicated' | 'changed' | 'invented' | 'energy';
  where: 'journal' | 'store';
  line: number;
  details: string;
}

export interface Result {
  sent: number;
  decoded: number;
  journal: number;
  store: number;
  lost: number;
  duplicated: number;
  reordered: number;
  energyErrorKwh: number;
  /** Lines that a meter read while its disk was full, and could not keep when it was ended before that was over. */
  unkept: number;
  /** Lines sent or decoded just before the meter's end, which it has not kept. */
  inFlight: number;
  /** ms that the meter had for the oldest of them. */
  oldestInFlightMs: number;
  problems: Problem[];
}

/** As named in the default layout of the stores. */
export const COMPARED: readonly { field: string; of: (reading: Reading) => number | undefined }[] = [
  { field: 'energy_kilowatthours', of: ({ energy }) => energy },
  { field: 'current_1_amperes', of: ({ current_1 }) => current_1 },
  { field: 'current_2_amperes', of: ({ current_2 }) => current_2 },
  { field: 'power_watts', of: ({ power }) => power },
  { field: 'interval_energy_kilowatthours', of: ({ interval_energy }) => interval_energy },
];

/**
 * Truth against journal, and journal against store, reading by reading.
 * @param marginMs what was sent at most this long before the meter's end counts as in flight.
 */
export function compare(evidence: Evidence, marginMs: number): Result {
  const { lines, readings, stored } = evidence;
  const copies = Map.groupBy(readings, lineNumber);
  const missing = findMissing(evidence, copies, marginMs);
  const steps = energySteps(lines, readings);
  const problems = [
    ...missing.lost.map(
      ({ number, age, decoded }): Problem => ({
        kind: 'lost',
        where: 'journal',
        line: number,
        details: `the meter ${decoded ? 'decoded it' : `had ${Math.round(age)} ms for it`}`,
      }),
    ),
    ...checkJournal(lines, copies),
    ...checkStore(readings, stored),
    ...checkEnergy(steps),
  ];
  const count = (kind: Problem['kind']) => problems.filter((problem) => problem.kind === kind).length;
  return {
    sent: lines.filter(({ sentAt }) => sentAt !== undefined).length,
    decoded: new Set([
      ...copies.keys(),
      ...[...evidence.decoded, ...missing.lost].map(({ number }) => number),
    ]).size,
    journal: readings.length,
    store: stored.get('energy_kilowatthours')?.size ?? 0,
    lost: count('lost'),
    duplicated: count('duplicated'),
    reordered: countReordered(readings),
    energyErrorKwh: energyError(steps),
    unkept: missing.unkept.length,
    inFlight: missing.inFlight.length,
    oldestInFlightMs: Math.round(Math.max(0, ...missing.inFlight.map(({ age }) => age))),
    problems,
  };
}

/** Whether the run showed what is promised. */
export function isClean({ problems, energyErrorKwh, journal }: Result): boolean {
  // Energy comes in whole counts: half of one is no rounding.
  return journal > 0 && problems.length === 0 && energyErrorKwh < KWH_PER_COUNT / 2;
}

interface Missing {
  number: number;
  /** ms that the meter had to read and keep it. */
  age: number;
  /** Whether the meter logged it. */
  decoded: boolean;
}

/**
 * What the meter must have kept and is nowhere: what it logged as decoded, the very last line of a process apart,
 * and what was sent while it had the port open and then ran for longer than the margin. Until the first line after
 * opening it may find half a one.
 */
function findMissing(
  { lines, spans, decoded, full }: Evidence,
  found: ReadonlyMap<number, unknown>,
  marginMs: number,
): { lost: Missing[]; unkept: Missing[]; inFlight: Missing[] } {
  const missing = { lost: [] as Missing[], unkept: [] as Missing[], inFlight: [] as Missing[] };
  const logged = new Set(decoded.map(({ number }) => number));
  const last = new Set(
    decoded.filter(({ life }, at) => life !== decoded[at + 1]?.life).map(({ number }) => number),
  );
  let at = 0;
  let reads = false;
  for (const { number, sentAt } of lines) {
    if (sentAt === undefined) continue;
    while ((spans[at]?.to ?? Number.POSITIVE_INFINITY) <= sentAt) {
      at += 1;
      reads = false;
    }
    const span = spans[at];
    if (span === undefined) break;
    const isOpen = sentAt >= span.from;
    reads ||= isOpen && (found.has(number) || logged.has(number) || sentAt > span.from + marginMs);
    if (found.has(number) || !(reads || logged.has(number))) continue;
    const age = isOpen ? timeToRead(span, sentAt) : 0;
    const due = age > marginMs || (logged.has(number) && !last.has(number));
    const endedFull = full.find(({ from, to }) => from <= span.to && span.to <= to);
    const kind = !due ? 'inFlight' : endedFull && sentAt >= endedFull.from ? 'unkept' : 'lost';
    missing[kind].push({ number, age, decoded: logged.has(number) });
  }
  return missing;
}

/** Each line at most once, and none that was never sent. */
function checkJournal(lines: readonly Truth[], copies: ReadonlyMap<number, readonly Reading[]>): Problem[] {
  const sent = new Set(lines.filter(({ sentAt }) => sentAt !== undefined).map(({ number }) => number));
  return [...copies].flatMap(([line, readings]): Problem[] => {
    const details = readings.map(({ epoch, seq, time }) => `${epoch} ${seq} at ${time}`).join(', ');
    if (!sent.has(line)) return [{ kind: 'invented', where: 'journal', line, details }];
    return readings.slice(1).map(() => ({ kind: 'duplicated', where: 'journal', line, details }));
  });
}

/** Each reading of the journal once, with its values, and nothing else. */
function checkStore(readings: readonly Reading[], stored: StoredPoints): Problem[] {
  const times = new Set(readings.map(({ time }) => Date.parse(time)));
  const invented = COMPARED.flatMap(({ field }) =>
    [...(stored.get(field)?.keys() ?? [])]
      .filter((time) => !times.has(time))
      .map((time): Problem => {
        const details = `${field} at ${new Date(time).toISOString()}`;
        return { kind: 'invented', where: 'store', line: 0, details };
      }),
  );
  return [...inOrder(readings).flatMap((reading) => checkPoint(reading, stored)), ...invented];
}

/** At most one problem for all fields of a reading, the worst. */
function checkPoint(reading: Reading, stored: StoredPoints): Problem[] {
  const time = Date.parse(reading.time);
  const found = COMPARED.map(({ field, of }) => {
    const values = stored.get(field)?.get(time) ?? [];
    const what = `${field} at ${reading.time}: ${of(reading)}, the store has ${values.join(' and ') || 'nothing'}`;
    return { what, count: values.length, same: values[0] === of(reading) };
  });
  const problem = (kind: Problem['kind'], { what }: { what: string }): Problem[] => [
    { kind, where: 'store', line: lineNumber(reading), details: what },
  ];
  const [lost, doubled, changed] = [
    found.find(({ count }) => count === 0),
    found.find(({ count }) => count > 1),
    found.find(({ same }) => !same),
  ];
  if (lost) return problem('lost', lost);
  if (doubled) return problem('duplicated', doubled);
  return changed ? problem('changed', changed) : [];
}

/** Readings whose time is before that of one that was measured earlier: after the clock stepped back. */
function countReordered(readings: readonly Reading[]): number {
  let latest = Number.NEGATIVE_INFINITY;
  return inOrder(readings).filter(({ time }) => {
    const at = Date.parse(time);
    const earlier = at < latest;
    latest = Math.max(latest, at);
    return earlier;
  }).length;
}

/** From one reading to the next, in counts of the device: what it counted, what the reading carries, how the total grew. */
interface EnergyStep {
  line: number;
  counted: number;
  carried: number;
  grown: number;
}

function energySteps(lines: readonly Truth[], readings: readonly Reading[]): EnergyStep[] {
  const counts = new Map(lines.map((line) => [line.number, line.counts]));
  const ordered = inOrder(readings);
  return ordered.slice(1).flatMap((reading, index) => {
    const before = ordered[index];
    if (before === undefined) return [];
    const line = lineNumber(reading);
    const { interval_energy, gap_energy = 0 } = reading;
    return {
      line,
      counted: (counts.get(line) ?? 0) - (counts.get(lineNumber(before)) ?? 0),
      // Readings are rounded to 1e-9 kWh, far less than a count; over many thousands that would add up to one.
      carried: Math.round((interval_energy + gap_energy) / KWH_PER_COUNT),
      grown: (reading.energy - before.energy) / KWH_PER_COUNT,
    };
  });
}

function checkEnergy(steps: readonly EnergyStep[]): Problem[] {
  return steps
    .filter(({ counted, carried, grown }) => counted !== carried || counted !== Math.round(grown))
    .map(({ line, counted, carried, grown }) => ({
      kind: 'energy',
      where: 'journal',
      line,
      details: `the device counted ${counted} A·s, the reading carries ${carried}, the total grew by ${Math.round(grown)}`,
    }));
}

/** Over all steps, the larger of what the readings carry and how the total grew, against what was counted; kWh. */
function energyError(steps: readonly EnergyStep[]): number {
  const sum = (of: (step: EnergyStep) => number) => steps.reduce((total, step) => total + of(step), 0);
  const counted = sum((step) => step.counted);
  const errors = [sum((step) => step.carried), sum((step) => step.grown)].map((got) =>
    Math.abs(got - counted),
  );
  return Math.max(...errors) * KWH_PER_COUNT;
}

function inOrder(readings: readonly Reading[]): Reading[] {
  return readings.toSorted((a, b) => lineNumber(a) - lineNumber(b));
}
