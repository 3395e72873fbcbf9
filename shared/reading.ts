/** One measurement of a meter, as it is spoken over MQTT. */
import * as z from 'zod';

export const QUALITIES = ['measured', 'counted', 'estimated', 'simulated'] as const;
export const POWER_BASES = ['apparent', 'power_factor', 'measured'] as const;

/**
 * Why there were no readings for a while. `reader`: the meter's process was not running; `port`: the device
 * was away or silent; `rejects`: what it sent was refused; `device`: it began to count anew; `silence`:
 * nothing came, or the reader stood still; `dropped`: readings were made, and given up at a limit of the outbox.
 */
const GAP_CAUSES = ['reader', 'port', 'rejects', 'device', 'silence', 'dropped'] as const;
export type GapCause = (typeof GAP_CAUSES)[number];

/** Numbers that a reading carries where its meter tells them. */
const PHASE_FIELD = /^(current|voltage|power)_\d{1,2}$/;
const REGISTER_FIELD = /^register_(import|export)(_\d{1,2})?$/;
const MEASURED_FIELDS = ['frequency', 'power_factor', 'reactive_power', 'gas', 'water'] as const;
/** Whether a field is one that only some meters have, of those that a profile lists. */
export const isOptionalField = (name: string): boolean =>
  PHASE_FIELD.test(name) ||
  REGISTER_FIELD.test(name) ||
  name === 'export_energy' ||
  MEASURED_FIELDS.some((field) => field === name);
/** Names an outbox. */
export const epochName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be 1 to 64 letters, digits and -');

export const readingSchema = z
  .looseObject({
    /** When the reading was decoded, ISO 8601 UTC with milliseconds. */
    time: z.iso.datetime(),
    /** Names the outbox that numbered this reading. */
    epoch: epochName,
    /** Counts the readings of one epoch, from 1; it skips ahead where the meter's machine was down. */
    seq: z.int().min(1),
    /** Seconds that `interval_energy` covers. */
    interval: z.number().min(0),
    /** W, into the house; negative while it feeds out. What kind of watts, `power_basis` says. */
    power: z.number(),
    /** VA, summed over the phases; absent where neither the meter tells it nor current and voltage are known. */
    apparent_power: z.number().optional(),
    /** `apparent`: no power factor is known; `power_factor`: a fixed one was applied; `measured`: the meter's own. */
    power_basis: z.enum(POWER_BASES),
    /** kWh taken in, a total that survives restarts and never falls. */
    energy: z.number(),
    /** kWh of this interval. */
    interval_energy: z.number(),
    /** kWh fed out, likewise; absent until a meter has told or shown that it can. */
    export_energy: z.number().optional(),
    interval_export_energy: z.number().optional(),
    /** Currency per kWh at the end of the interval; may be negative. */
    price: z.number(),
    /** Currency earned per kWh fed out; absent where nothing is paid for it. */
    export_price: z.number().optional(),
    /** Currency, what was taken in has cost: a total that survives restarts. It falls only where a price is negative. */
    cost: z.number(),
    /** Currency, what was fed out has earned, a total; absent with `export_energy`. */
    credit: z.number().optional(),
    interval_credit: z.number().optional(),
    /** Currency, a total of the charges that time alone makes; absent where the tariff has none. Never part of `cost`. */
    fixed_cost: z.number().optional(),
    /** Currency: prices of earlier intervals became known or were corrected. Part of `cost` and `credit`, of no interval. */
    cost_correction: z.number().optional(),
    credit_correction: z.number().optional(),
    /** Currency of this interval, split at price boundaries. */
    interval_cost: z.number(),
    /** The tariff period at the end of the interval. */
    tariff: z.string().max(64),
    quality: z.enum(QUALITIES),
    /**
     * On the first reading after a gap, and only there: the seconds that ended where this reading's interval
     * begins, and what is known of them. Counted energy is part of the total `energy`; an estimate never is.
     */
    gap_seconds: z.number().min(0).optional(),
    gap_cause: z.enum(GAP_CAUSES).optional(),
    /** How many readings are missing; an estimate where the device does not number its own. */
    gap_readings: z.int().min(0).optional(),
    /** kWh and currency that the meter counted meanwhile. */
    gap_energy: z.number().optional(),
    gap_cost: z.number().optional(),
    gap_export_energy: z.number().optional(),
    gap_credit: z.number().optional(),
    /** kWh and currency that nobody counted. */
    gap_estimated_energy: z.number().optional(),
    gap_estimated_cost: z.number().optional(),
    /** kWh and currency, totals of all estimates so far; never part of `energy` and `cost`. */
    estimated_energy: z.number().optional(),
    estimated_cost: z.number().optional(),
  })
  .superRefine((reading, context) => {
    for (const [key, value] of Object.entries(reading)) {
      if (isOptionalField(key) && !Number.isFinite(value)) {
        context.addIssue({ code: 'custom', path: [key], message: 'must be a number' });
      }
    }
  });

/** One decoded, accounted measurement of a meter; flat JSON on the wire, in Home Assistant's units. */
export interface Reading {
  time: string;
  epoch: string;
  seq: number;
  interval: number;
  /** A, of phase 1, 2, … */
  [current: `current_${number}`]: number;
  /** V, of phase 1, 2, … */
  [voltage: `voltage_${number}`]: number;
  /** W, of phase 1, 2, …; negative while it feeds out. */
  [phasePower: `power_${number}`]: number;
  /** kWh, the meter's own registers as they stand, in all and of rate 1, 2, … */
  register_import?: number | undefined;
  register_export?: number | undefined;
  [rateImport: `register_import_${number}`]: number;
  [rateExport: `register_export_${number}`]: number;
  /** Hz. */
  frequency?: number | undefined;
  power_factor?: number | undefined;
  /** var. */
  reactive_power?: number | undefined;
  /** m³, as their own meters stand. */
  gas?: number | undefined;
  water?: number | undefined;
  power: number;
  apparent_power?: number | undefined;
  power_basis: (typeof POWER_BASES)[number];
  energy: number;
  interval_energy: number;
  export_energy?: number | undefined;
  interval_export_energy?: number | undefined;
  price: number;
  export_price?: number | undefined;
  cost: number;
  interval_cost: number;
  credit?: number | undefined;
  interval_credit?: number | undefined;
  fixed_cost?: number | undefined;
  cost_correction?: number | undefined;
  credit_correction?: number | undefined;
  tariff: string;
  quality: (typeof QUALITIES)[number];
  gap_seconds?: number | undefined;
  gap_cause?: GapCause | undefined;
  gap_readings?: number | undefined;
  gap_energy?: number | undefined;
  gap_cost?: number | undefined;
  gap_export_energy?: number | undefined;
  gap_credit?: number | undefined;
  gap_estimated_energy?: number | undefined;
  gap_estimated_cost?: number | undefined;
  estimated_energy?: number | undefined;
  estimated_cost?: number | undefined;
}

/** A reading before its outbox has numbered it. */
export type UnnumberedReading = Omit<Reading, 'epoch' | 'seq'> & {
  [phase: `${'current' | 'voltage' | 'power'}_${number}`]: number;
  [rate: `register_${'import' | 'export'}_${number}`]: number;
};
