/**
 * What is spoken over MQTT, and the only thing the meter and the agent share: topic names, the
 * reading, and how each message is written and checked.
 */
import * as z from 'zod';
import { DropError } from './errors.ts';
import { issueOf } from './issue.ts';

/** A name that can stand in a topic, a file name and a tag. */
export const shortName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,62}$/,
    'must be 1 to 63 of a-z, 0-9, _ and -, starting with a letter or digit',
  );

export const meterName = shortName.refine((name) => name !== 'agent', {
  error: 'must not be `agent`, whose topics are the agent’s own',
});

/** The topics of one meter. `+` as the name gives the subscription to all meters. */
export function meterTopics(meter: string) {
  const root = `wattdog/${meter}`;
  return {
    /** One live reading; QoS 1, retained until it expires. */
    reading: `${root}/reading`,
    /** Late readings, an array; QoS 1, never retained. */
    backlog: `${root}/backlog`,
    /** How far the agent's journal durably reaches; retained. */
    stored: `${root}/stored`,
    /** `online` or `offline`; retained, and the meter's last will. */
    availability: `${root}/availability`,
    /** The state of port, decoder and outbox; retained. */
    diagnostics: `${root}/diagnostics`,
    /** What kind of meter it is; retained. */
    profile: `${root}/profile`,
    /** A question that only a process whose event loop turns can answer; any payload. */
    probe: `${root}/probe`,
    /** The answers, for whoever named no response topic of MQTT 5. */
    echo: `${root}/echo`,
    /** `reopen`: close the port and open it again. */
    command: `${root}/command`,
  };
}

/** The meter whose readings a topic carries; undefined for any other topic. */
export function meterOfReadings(topic: string): string | undefined {
  const meter = meterName.safeParse(topic.split('/')[1]).data;
  return meter !== undefined && topic === meterTopics(meter).reading ? meter : undefined;
}

export const agentTopics = {
  state: 'wattdog/agent/state',
  canary: 'wattdog/agent/canary',
  /** What happens to a watch, as it happens. */
  event: (watch: string) => `wattdog/agent/event/${watch}`,
  watch: (name: string) => `wattdog/agent/watch/${name}`,
  /** A meter's totals and sums, from the journal; retained, and there while the meter is not. */
  meter: (name: string) => `wattdog/agent/meter/${name}`,
  /** How far a metrics store has been fed, and what is wrong with it; retained. */
  store: (name: string) => `wattdog/agent/store/${name}`,
  /** Asks something: `restart`, `hold` and `release` of a watch, `forget` of a meter, `get` of what may be read. */
  request: (verb: string, name: string) => `wattdog/agent/request/${verb}/${name}`,
  /** Below it, and nowhere else, a request is answered. */
  answers: 'wattdog/agent/answer/',
};

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
export const MEASURED_FIELDS = ['frequency', 'power_factor', 'reactive_power', 'gas', 'water'] as const;
const isOptionalNumber = (name: string) =>
  PHASE_FIELD.test(name) ||
  REGISTER_FIELD.test(name) ||
  name === 'export_energy' ||
  MEASURED_FIELDS.some((field) => field === name);
/** What a profile may list: the fields that not every meter has. */
const optionalField = z
  .string()
  .refine(isOptionalNumber, { error: 'must be such as current_1, register_import, export_energy or gas' });

const epochName = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be 1 to 64 letters, digits and -');

const readingSchema = z
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
      if (isOptionalNumber(key) && !Number.isFinite(value)) {
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

const watermarkSchema = z.strictObject({ epoch: epochName, seq: z.int().min(0) });
/** Every reading of `epoch` up to and with `seq` is in the journal, or will never come. */
export type Watermark = z.infer<typeof watermarkSchema>;

/** Characters of a probe that are repeated in its answer. */
export const LONGEST_PROBE = 256;

const probeAnswerSchema = z.looseObject({
  probe: z.string().max(LONGEST_PROBE),
  port: z.enum(['open', 'opening']),
  trouble: z.string().max(500).optional(),
  quiet: z.number().min(0).optional(),
  sample_age: z.number().min(0).optional(),
  rejects: z.int().min(0),
});

/** A meter's answer to a probe. */
export interface ProbeAnswer {
  /** The question's payload. */
  probe: string;
  port: 'open' | 'opening';
  /** Why the port is not open. */
  trouble?: string | undefined;
  /** Seconds since the last byte, or since the port opened. */
  quiet?: number | undefined;
  /** Seconds since the last frame that could be decoded; absent before the first. */
  sample_age?: number | undefined;
  /** Frames refused since then. */
  rejects: number;
}

const profileSchema = z.looseObject({
  version: z.string().max(64),
  installation: z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be 1 to 64 letters, digits and -'),
  meters: z.array(meterName).min(1).max(64),
  port: z.string().max(500),
  decoder: z.string().max(64),
  simulated: z.boolean(),
  fields: z.array(optionalField).max(64),
  power_basis: z.enum(POWER_BASES),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as USD'),
  tariff: z.string().max(64),
  periods: z.array(z.strictObject({ name: z.string().max(64), price: z.number() })).max(64),
});

/** What a meter says of itself once: what its readings carry, and what they mean. */
export interface Profile {
  /** Of wattdog. */
  version: string;
  /** Names the data folder its process runs on: the same meter under another name has the same. */
  installation: string;
  /** All meters of that process. One that is in it no more was renamed or removed. */
  meters: string[];
  /** Such as `/dev/serial/by-id/…`, or `simulated`. */
  port: string;
  decoder: string;
  simulated: boolean;
  /** Of what not every meter has, what its readings carry: `current_1`, `voltage_1`, `export_energy`, `gas`, … */
  fields: string[];
  power_basis: (typeof POWER_BASES)[number];
  /** ISO 4217. */
  currency: string;
  /** The tariff's name, and all of its periods with what a kWh costs in them. */
  tariff: string;
  periods: { name: string; price: number }[];
}

/** One backlog message holds at most this many readings. */
export const BACKLOG_BATCH = 500;
/** Bytes; nothing we send is larger, so the broker may refuse what is. */
export const LARGEST_PAYLOAD = 1_048_576;

export const decodeReading = (payload: Uint8Array): Reading => check(readingSchema, payload) as Reading;
export const decodeBacklog = (payload: Uint8Array): Reading[] =>
  check(z.array(readingSchema).min(1).max(BACKLOG_BATCH), payload) as Reading[];
export const decodeProbeAnswer = (payload: Uint8Array): ProbeAnswer => check(probeAnswerSchema, payload);
export const decodeProfile = (payload: Uint8Array): Profile => check(profileSchema, payload);
export const decodeWatermark = (payload: Uint8Array): Watermark => check(watermarkSchema, payload);

/** @throws DropError naming the rule and the value received. */
function check<T>(schema: z.ZodType<T>, payload: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    const start = new TextDecoder().decode(payload.subarray(0, 80));
    throw new DropError(
      `decoding a payload of ${payload.length} bytes: must be JSON in UTF-8, got ${JSON.stringify(start)}`,
      { cause: error },
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DropError(`decoding a payload: ${issueOf(parsed.error, value)}`);
}
