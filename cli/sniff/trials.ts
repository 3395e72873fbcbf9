import { createDecoder, type Format } from '../../meter/decoders/create.ts';
import type { Decoded, Decoder, DecoderOptions, RejectReason } from '../../meter/decoders/decoder.ts';
import { type Cadence, Gaps } from './gaps.ts';

/** What each decoder reads, in words; of two that understand the same, the stricter one first. */
export const FORMATS: Record<Format, string> = {
  panel: 'our firmware’s line',
  dsmr: 'P1 telegrams of Dutch, Belgian and Luxembourg meters',
  sml: 'SML, of German meters',
  pzem: 'PZEM-004T v3, Modbus RTU',
  d0: 'IEC 62056-21 (D0), the optical port',
  raven: 'Rainforest RAVEn and EMU-2, XML',
  emontx: 'emonTx and emonPi: names and values, or JSON',
  amps: 'lines like `1 2`, amperes',
};

export const REFUSALS: Record<RejectReason, string> = {
  fragment: 'its beginning was not seen',
  overlong: 'no end in time',
  syntax: 'not this format',
  checksum: 'damaged: its checksum is wrong',
  range: 'no such value can be',
  key: 'encrypted, and the key is missing or another',
};

/** The only format whose lines do not tell how many sensors there are without being told. */
const COUNTED: Format = 'amps';
const MOST_PHASES = 12;
/** That the settings have, unless they say otherwise. */
export const USUAL_PHASES = 2;

/** How one decoder fares with what comes. */
export interface Trial {
  format: Format;
  /** The number of current sensors with which it understands the most. */
  phases: number;
  accepted: number;
  /** Numbers told by those that it accepted. */
  told: number;
  /** Frames refused; a first one whose beginning was not seen is not held against it. */
  refused: number;
  lastRefusal: RejectReason | undefined;
  /** Of the samples; undefined while there were not two. */
  cadence: Cadence | undefined;
  /** Of the devices that answered, where several share a line. */
  addresses: number[];
  /** Whether telegrams came that nobody can read without a key. */
  encrypted: boolean;
}

export type TrialOptions = Pick<DecoderOptions, 'maxCurrent' | 'key' | 'authenticationKey' | 'checksum'>;

interface Attempt {
  trial: Trial;
  decoder: Decoder;
  samples: Gaps;
  /** Whether the first bytes may be what is left of a frame. */
  isTail: boolean;
}

/** Every decoder there is at the same bytes; where it matters, with every number of phases. */
export class Trials {
  readonly #options: TrialOptions;
  #attempts: Attempt[] = [];

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  /** @param at ms. @param atLineStart whether the first chunk begins a line; of later ones it means nothing. */
  push(chunk: Uint8Array, at: number, atLineStart: boolean): void {
    if (this.#attempts.length === 0) this.#begin(atLineStart);
    for (const attempt of this.#attempts) note(attempt, attempt.decoder.push(chunk), at);
  }

  /** One for each format, the one that understands the most first. */
  results(): Trial[] {
    const trials = this.#attempts.map(({ trial, samples }) => ({ ...trial, cadence: samples.cadence }));
    const formats = Map.groupBy(trials, ({ format }) => format);
    return [...formats.values()].flatMap((each) => each.toSorted(byMerit).slice(0, 1)).sort(byMerit);
  }

  /** The one to go on with: it understands more than it refuses. */
  winner(): Trial | undefined {
    return this.results().find(understands);
  }

  #begin(atLineStart: boolean): void {
    for (const format of Object.keys(FORMATS) as Format[]) {
      const counts =
        format === COUNTED ? Array.from({ length: MOST_PHASES }, (_, index) => index + 1) : [USUAL_PHASES];
      for (const phases of counts)
        this.#attempts.push({
          trial: {
            format,
            phases,
            accepted: 0,
            told: 0,
            refused: 0,
            lastRefusal: undefined,
            cadence: undefined,
            addresses: [],
            encrypted: false,
          },
          samples: new Gaps(),
          isTail: !atLineStart,
          decoder: createDecoder(format, { ...this.#options, phases, atLineStart }),
        });
    }
  }
}

export function understands({ accepted, refused }: Trial): boolean {
  return accepted > refused;
}

function note(attempt: Attempt, { samples, rejects }: Decoded, at: number): void {
  const { trial } = attempt;
  const refusals = attempt.isTail && rejects[0] === 'fragment' ? rejects.slice(1) : rejects;
  if (samples.length + rejects.length > 0) attempt.isTail = false;
  trial.accepted += samples.length;
  trial.told += samples.reduce((sum, sample) => sum + numbersIn(sample), 0);
  trial.refused += refusals.length;
  trial.lastRefusal = refusals.at(-1) ?? trial.lastRefusal;
  trial.encrypted ||= rejects.includes('key');
  if (samples.length > 0) attempt.samples.happened(at);
  for (const { address } of samples)
    if (address !== undefined && !trial.addresses.includes(address)) trial.addresses.push(address);
}

function numbersIn(value: unknown): number {
  if (typeof value === 'number') return 1;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, each) => sum + numbersIn(each), 0);
}

/** A refusal that is not one of form tells that the form, and so the number of phases, is right. */
function byMerit(a: Trial, b: Trial): number {
  const formed = ({ lastRefusal }: Trial) =>
    [undefined, 'syntax', 'fragment'].includes(lastRefusal) ? 0 : 1;
  const refused = a.accepted > 0 ? a.refused - b.refused : 0;
  return b.accepted - a.accepted || refused || b.told - a.told || formed(b) - formed(a);
}
