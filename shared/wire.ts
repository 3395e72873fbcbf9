/**
 * What is spoken over MQTT, and the only thing the meter and the agent share: topic names, the
 * reading, and how each message is written and checked.
 */
import * as z from 'zod';
import { DropError } from './errors.ts';
import { issueOf } from './issue.ts';
import { epochName, isOptionalField, POWER_BASES, type Reading, readingSchema } from './reading.ts';

export {
  type GapCause,
  isOptionalField,
  POWER_BASES,
  QUALITIES,
  type Reading,
  type UnnumberedReading,
} from './reading.ts';

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

/** What a profile may list: the fields that not every meter has. */
const optionalField = z
  .string()
  .refine(isOptionalField, { error: 'must be such as current_1, register_import, export_energy or gas' });

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
