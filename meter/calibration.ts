import type { MeterSettings } from '../shared/settings/schema.ts';
import type { Phase, Sample } from './decoders/decoder.ts';

type PhaseSettings = MeterSettings['phases'];
type Channel = PhaseSettings[number]['calibration']['current'];

const QUANTITIES = ['current', 'voltage', 'power'] as const;
/** Seconds between two samples, at least: what is read at once was not measured at once. */
const LEAST_SECONDS = 1;
/** Of a jump; the sample after it confirms it by lying this near to it. */
const CONFIRMS = 0.25;

type Quantity = (typeof QUANTITIES)[number];

/** In the channel's unit, and when it came, ms on the monotonic clock. */
interface Value {
  value: number;
  at: number;
}

/** The last value of a channel that was believed. */
interface Followed extends Value {
  /** One that was refused, and may turn out to be true. */
  jump?: Value;
}

/** By channel, such as `current_1`; of one process. */
export type CalibrationState = Readonly<Record<string, Followed>>;

export interface Calibrated {
  /** Missing when it was refused: the next one's counts make up for it. */
  sample?: Sample;
  state: CalibrationState;
  /** Channels that were brought back to a limit, and those for which it was refused. */
  clipped: string[];
  refused: string[];
}

/**
 * Makes what is so of what sensors tell, channel by channel: `points`, gain, offset and dead band; then
 * limits and slew. Where the device tells a total, the corrections of its phases go into that.
 *
 * @param at monotonic, in ms.
 */
export function calibrate(
  sample: Sample,
  at: number,
  state: CalibrationState,
  phases: PhaseSettings,
): Calibrated {
  const next: Record<string, Followed> = { ...state };
  const clipped: string[] = [];
  const refused: string[] = [];
  const read = (index: number, quantity: Quantity, told: number): number => {
    const name = `${quantity}_${index + 1}`;
    const channel = phases[index]?.calibration[quantity];
    if (channel === undefined) return told;
    const corrected = correct(channel, told);
    const value = limit(channel, corrected);
    if (value !== corrected) (channel.beyond === 'clip' ? clipped : refused).push(name);
    if (value !== corrected && channel.beyond === 'refuse') return value;
    if (channel.slew === undefined) return value;
    const followed = follow(next[name], { value, at }, channel.slew);
    if (followed.jump) refused.push(name);
    next[name] = followed;
    return value;
  };
  const calibrated = { ...sample, ...calibratedPhases(sample, read) };
  return { ...(refused.length === 0 && { sample: calibrated }), state: next, clipped, refused };
}

/** What a sensor's mean over an interval is in truth; a mean that cannot be is limited, if the present may be. */
export function correctMean(channel: Channel | undefined, mean: number): number {
  if (channel === undefined) return mean;
  const corrected = correct(channel, mean);
  return channel.beyond === 'clip' ? limit(channel, corrected) : corrected;
}

type Read = (index: number, quantity: Quantity, told: number) => number;

function calibratedPhases(sample: Sample, read: Read): Pick<Sample, 'phases' | 'power'> {
  let { power } = sample;
  const phases = sample.phases.map((told, index) => {
    const phase: Phase = { ...told };
    for (const quantity of QUANTITIES) {
      const value = told[quantity];
      if (value === undefined) continue;
      phase[quantity] = read(index, quantity, value);
      if (quantity === 'power' && power !== undefined) power += phase[quantity] - value;
    }
    return phase;
  });
  const isOnePhase = phases.length <= 1 && phases[0]?.power === undefined;
  if (isOnePhase && power !== undefined) power = read(0, 'power', power);
  return { phases, ...(power === undefined ? {} : { power }) };
}

function correct({ points, gain, offset, dead_band }: Channel, told: number): number {
  const value = alongPoints(points, told) * gain + offset;
  return Math.abs(value) < dead_band ? 0 : value;
}

/** Along the line between the two points around it, or on beyond the outermost two. */
function alongPoints(points: Channel['points'], told: number): number {
  if (points === undefined) return told;
  const after = points.findIndex(([from], index) => index > 0 && told <= from);
  const end = after === -1 ? points.length - 1 : after;
  const [[x0, y0], [x1, y1]] = [points[end - 1] ?? [0, 0], points[end] ?? [1, 1]];
  return y0 + ((told - x0) * (y1 - y0)) / (x1 - x0);
}

function limit({ least, most }: Channel, value: number): number {
  return Math.min(Math.max(value, least ?? value), most ?? value);
}

/** The last value that is believed; a jump from it is remembered until the next one confirms it or not. */
function follow(before: Followed | undefined, now: Value, slew: number): Followed {
  if (before === undefined) return now;
  const reaches = (from: Value) =>
    Math.abs(now.value - from.value) <= slew * Math.max(LEAST_SECONDS, (now.at - from.at) / 1000);
  const { jump } = before;
  const isNear = (from: Value) =>
    Math.abs(now.value - from.value) <= CONFIRMS * Math.abs(from.value - before.value);
  if (reaches(before) || (jump && (reaches(jump) || isNear(jump)))) return now;
  return { value: before.value, at: before.at, jump: now };
}
