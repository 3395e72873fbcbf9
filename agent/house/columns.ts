import { round } from '../../shared/round.ts';
import type { Reading } from '../../shared/wire.ts';
import type { PowerView } from '../doors/views.ts';
import type { Sample } from '../journal/timeline.ts';
import type { PhaseField } from './fields.ts';

/** One point of a chart; nothing but `time` where nothing was read. */
export interface Point {
  /** When it begins, ms since 1970 UTC. */
  time: number;
  power?: number | undefined;
  max?: number | undefined;
  quality?: Reading['quality'] | undefined;
  /** What the phases had at its beginning. */
  phases?: Pick<Sample, PhaseField> | undefined;
}

/** Columns of equal length. @param fields of the phases, in their order. */
export function columnsOf(
  points: readonly Point[],
  fields: readonly PhaseField[],
): Pick<PowerView, 'time' | 'power' | 'max' | 'fields' | 'quality'> {
  const column = (field: PhaseField) => points.map(({ phases }) => orNull(phases?.[field]));
  return {
    time: points.map(({ time }) => time),
    power: points.map(({ power }) => orNull(power)),
    max: points.map(({ max }) => orNull(max)),
    fields: Object.fromEntries(fields.map((field) => [field, column(field)])),
    quality: points.map(({ quality }) => quality ?? null),
  };
}

/** Three digits are more than any meter has; a nought has no sign. */
function orNull(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : round(value, 3);
}
