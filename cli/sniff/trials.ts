import { createDecoder, type Format } from '../../meter/decoders/create.ts';
import type { Decoder, RejectReason } from '../../meter/decoders/decoder.ts';

/** What each decoder reads, in words. The type makes sure that none is left out. */
export const FORMATS: Record<Format, string> = {
  amps: 'lines like `1 2`, amperes',
  panel: 'our firmware’s line',
  emontx: 'emonTx and emonPi: names and values, or JSON',
  dsmr: 'P1 telegrams of Dutch, Belgian and Luxembourg meters',
  d0: 'IEC 62056-21 (D0), the optical port',
  sml: 'SML, of German meters',
  pzem: 'PZEM-004T v3, Modbus RTU',
  raven: 'Rainforest RAVEn and EMU-2, XML',
};

export const REFUSALS: Record<RejectReason, string> = {
  fragment: 'its beginning was not seen',
  overlong: 'no line end in time',
  syntax: 'not this format',
  checksum: 'damaged: its checksum is wrong',
  range: 'no such value can be',
  key: 'encrypted, and the key is missing or another',
};

const MOST_PHASES = 6;

/** How one decoder fares with what comes. */
export interface Trial {
  format: Format;
  /** The number of current sensors with which it understands the most. */
  phases: number;
  accepted: number;
  /** Frames refused; a first one whose beginning was not seen is not held against it. */
  refused: number;
  lastRefusal: RejectReason | undefined;
}

interface Attempt extends Trial {
  decoder: Decoder;
}

/** Every decoder there is, with every number of phases, at the same bytes. */
export class Trials {
  readonly #maxCurrent: number;
  #attempts: Attempt[] = [];

  /** @param maxCurrent A; a higher current on any phase is refused. */
  constructor(maxCurrent: number) {
    this.#maxCurrent = maxCurrent;
  }

  /** @param atLineStart whether the first chunk begins a line; of later ones it means nothing. */
  push(chunk: Uint8Array, atLineStart: boolean): void {
    if (this.#attempts.length === 0) this.#begin(atLineStart);
    for (const attempt of this.#attempts) {
      const { samples, rejects } = attempt.decoder.push(chunk);
      const refusals = rejects.filter((reason) => reason !== 'fragment');
      attempt.accepted += samples.length;
      attempt.refused += refusals.length;
      attempt.lastRefusal = refusals.at(-1) ?? attempt.lastRefusal;
    }
  }

  /** One for each format, the one that understands the most first. */
  results(): Trial[] {
    const formats = Map.groupBy(this.#attempts, ({ format }) => format);
    return [...formats.values()]
      .flatMap((attempts) => attempts.toSorted(byMerit).slice(0, 1))
      .map(({ decoder: _, ...trial }) => trial)
      .sort(byMerit);
  }

  /** The one to go on with: it understands more than it refuses. */
  winner(): Trial | undefined {
    return this.results().find(understands);
  }

  #begin(atLineStart: boolean): void {
    for (const format of Object.keys(FORMATS) as Format[])
      for (let phases = 1; phases <= MOST_PHASES; phases++)
        this.#attempts.push({
          format,
          phases,
          accepted: 0,
          refused: 0,
          lastRefusal: undefined,
          decoder: createDecoder(format, { phases, maxCurrent: this.#maxCurrent, atLineStart }),
        });
  }
}

export function understands({ accepted, refused }: Trial): boolean {
  return accepted > refused;
}

/** A refusal that is not one of form tells that the form, and so the number of phases, is right. */
function byMerit(a: Trial, b: Trial): number {
  const formed = ({ lastRefusal }: Trial) => (lastRefusal === 'syntax' ? 0 : 1);
  return b.accepted - a.accepted || formed(b) - formed(a);
}
