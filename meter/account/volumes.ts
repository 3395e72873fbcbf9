import { round } from '../../shared/round.ts';
import type { UnnumberedReading } from '../../shared/wire.ts';
import type { Sample } from '../decoders/decoder.ts';

/** Of m³: a register tells no more. */
const DIGITS = 6;

/** A register of gas or water, m³. */
interface Volume {
  told: number;
  /** Less than that, which one telegram told: damaged, of a meter that could not be read, or of another one. */
  suspect?: number;
}

export interface Volumes {
  gas?: Volume;
  water?: Volume;
}

/**
 * What a sample tells of gas and water, to be believed: a register that fell is, when the next sample agrees.
 * @param before what was told until then. @returns undefined volumes where nothing ever was.
 */
export function volumesOf(
  { gas, water }: Pick<Sample, 'gas' | 'water'>,
  before: Volumes | undefined,
): Volumes | undefined {
  const after = { ...standing('gas', gas, before?.gas), ...standing('water', water, before?.water) };
  return Object.keys(after).length === 0 ? undefined : after;
}

function standing(name: keyof Volumes, now: number | undefined, before: Volume | undefined): Volumes {
  if (now === undefined) return before === undefined ? {} : { [name]: before };
  const { told = now, suspect = Number.POSITIVE_INFINITY } = before ?? {};
  return { [name]: now >= told || now >= suspect ? { told: now } : { told, suspect: now } };
}

/** The fields of a reading of them: as they stand, when the sample told them. */
export function volumeFields(
  sample: Pick<Sample, 'gas' | 'water'>,
  volumes: Volumes | undefined,
): Partial<UnnumberedReading> {
  const fields: Partial<UnnumberedReading> = {};
  for (const name of ['gas', 'water'] as const) {
    const { told, suspect } = volumes?.[name] ?? {};
    if (sample[name] !== undefined && told !== undefined && suspect === undefined)
      fields[name] = round(told, DIGITS);
  }
  return fields;
}
