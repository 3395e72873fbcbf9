import type { MeterView, SumView } from '../../doors/views.ts';

/** What there is to tell of a meter beside what was taken in: the same of each day, so that they can be compared. */
export interface Present {
  export: boolean;
  fixed: boolean;
  gas: boolean;
  water: boolean;
}

/** @param sums all that are shown. */
export function presentOf({ fields }: Pick<MeterView, 'fields'>, sums: readonly SumView[]): Present {
  return {
    export: fields.includes('export_energy') || sums.some(({ export_energy }) => export_energy > 0),
    fixed: sums.some(({ fixed_cost }) => fixed_cost !== 0),
    gas: fields.includes('gas') || sums.some(({ gas }) => gas !== null),
    water: fields.includes('water') || sums.some(({ water }) => water !== null),
  };
}

/** Of where its numbers come; undefined for a meter that is read. */
export function originOf({ decoder, port }: Pick<MeterView, 'decoder' | 'port'>): string | undefined {
  if (decoder !== 'computed') return undefined;
  return port === null || port === 'computed' ? 'Computed from other meters' : `Computed from ${port}`;
}
