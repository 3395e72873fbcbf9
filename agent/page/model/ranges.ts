const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

export type RangeId = '10m' | '1h' | '24h' | '7d' | '30d' | '1y';

/** What the chart can look back on. `refresh`: ms after which it is asked for anew. */
export const RANGES: readonly { id: RangeId; label: string; words: string; ms: number; refresh: number }[] = [
  { id: '10m', label: '10 min', words: 'the last 10 minutes', ms: 10 * MINUTE, refresh: MINUTE },
  { id: '1h', label: '1 h', words: 'the last hour', ms: 60 * MINUTE, refresh: MINUTE },
  { id: '24h', label: '24 h', words: 'the last 24 hours', ms: DAY, refresh: 2 * MINUTE },
  { id: '7d', label: '7 d', words: 'the last 7 days', ms: 7 * DAY, refresh: 5 * MINUTE },
  { id: '30d', label: '30 d', words: 'the last 30 days', ms: 30 * DAY, refresh: 10 * MINUTE },
  { id: '1y', label: '1 y', words: 'the last year', ms: 365 * DAY, refresh: 30 * MINUTE },
];

export function rangeOf(id: RangeId) {
  const found = RANGES.find((range) => range.id === id);
  if (found === undefined) throw new Error(`finding a range: must be one of the known ones, got ${id}`);
  return found;
}

/** `phases`: the power of each. */
export type Measure = 'power' | 'phases' | 'current' | 'voltage';

const FIELDS: Record<Exclude<Measure, 'power'>, RegExp> = {
  phases: /^power_(\d+)$/,
  current: /^current_(\d+)$/,
  voltage: /^voltage_(\d+)$/,
};

/** The fields of a measure, by the number of their phase, in order. */
export function phaseFieldsOf(
  measure: Measure,
  fields: readonly string[],
): { field: string; phase: number }[] {
  if (measure === 'power') return [];
  return fields
    .flatMap((field) => {
      const [, phase] = FIELDS[measure].exec(field) ?? [];
      return phase === undefined ? [] : [{ field, phase: Number(phase) }];
    })
    .sort((a, b) => a.phase - b.phase);
}

/** What can be charted of a meter. @param fields what its readings carry: `current_1`, … */
export function measuresOf(fields: readonly string[]): Measure[] {
  const has = (measure: Measure) => phaseFieldsOf(measure, fields).length > 0;
  return ['power', ...(['phases', 'current', 'voltage'] as const).filter(has)];
}
