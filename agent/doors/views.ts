/**
 * What the agent shows to the world, by whichever door: the page, the API, MQTT. Times are ms since 1970
 * UTC, energies kWh, powers W, currents A, volumes m³; money is in the currency of the meter’s tariff. Power is
 * negative while it feeds out; energies never are. `null` is what is not known.
 */
import * as z from 'zod';
import { POWER_BASES, QUALITIES } from '../../shared/wire.ts';

const time = z.int();
const quality = z.enum(QUALITIES);

/** A reading as it came over the wire; see `Reading` in shared/wire.ts. */
const reading = z
  .looseObject({
    time: z.iso.datetime(),
    epoch: z.string().describe('names the outbox that numbered it'),
    seq: z.int().describe('counts the readings of one epoch'),
    interval: z.number().describe('seconds that `interval_energy` covers'),
    power: z.number(),
    power_basis: z.enum(POWER_BASES),
    energy: z.number().describe('taken in, a total'),
    interval_energy: z.number(),
    export_energy: z.number().optional().describe('fed out, a total; absent where the meter cannot tell'),
    price: z.number().describe('per kWh'),
    cost: z.number().describe('of what was taken in, a total'),
    credit: z.number().optional().describe('for what was fed out, a total'),
    fixed_cost: z.number().optional().describe('of time alone, a total'),
    interval_cost: z.number(),
    tariff: z.string().describe('its period'),
    quality,
  })
  .describe(
    'besides, whatever its meter tells: current_1, voltage_1, power_1, …, register_import, gas, …; and on the first one after a gap what is known of that',
  )
  .meta({ id: 'Reading' });

/** What one period of the tariff contributed. */
const share = z.strictObject({
  tariff: z.string(),
  energy: z.number(),
  cost: z.number(),
  export_energy: z.number(),
  credit: z.number(),
});

const sums = {
  energy: z.number().describe('taken in'),
  cost: z.number().describe('of what was taken in, with the corrections that came in this time'),
  export_energy: z.number().describe('fed out'),
  credit: z.number().describe('for what was fed out, likewise'),
  fixed_cost: z.number().describe('of time alone'),
  net: z.number().describe('cost and fixed_cost less credit'),
};

/** An hour, day or month in the time zone of the journal, as far as it is over. */
const sum = z
  .strictObject({
    start: time,
    end: time.describe('of the whole hour, day or month, which may be still to come'),
    ...sums,
    gas: z.number().nullable().describe('by how much its meter went on'),
    water: z.number().nullable(),
    seconds: z.number().describe('that the energy covers: less than the span where something is missing'),
    simulated: z
      .boolean()
      .describe('whether it sums up simulated readings; it does so only where there are no real ones'),
    shares: z.array(share).describe('by period of the tariff, the largest first'),
  })
  .meta({ id: 'Sum' });
export type SumView = z.infer<typeof sum>;

export const meterView = z
  .strictObject({
    name: z.string(),
    online: z.boolean().nullable().describe('what the meter said last of itself'),
    simulated: z.boolean(),
    decoder: z
      .string()
      .nullable()
      .describe('its serial format; `computed`: from the readings of other meters, named by `port`'),
    port: z.string().nullable(),
    power_basis: z.enum(POWER_BASES).nullable(),
    currency: z.string().nullable().describe('ISO 4217'),
    tariff: z.string().nullable(),
    periods: z.array(z.strictObject({ name: z.string(), price: z.number() })),
    fields: z
      .array(z.string())
      .describe(
        'what its readings carry and not every meter’s do: current_1, voltage_1, export_energy, gas, …',
      ),
    reading: reading.nullable().describe('the newest; that it is live is for its `time` to say'),
    today: sum,
    yesterday: sum,
    month: sum,
    forecast: z
      .strictObject(sums)
      .nullable()
      .describe('of the whole month, the rest of it at the mean of its finished days; null on the first day'),
  })
  .meta({ id: 'Meter' });
export type MeterView = z.infer<typeof meterView>;

/** Columns of equal length, for charts. */
export const powerView = z
  .strictObject({
    meter: z.string(),
    from: time,
    to: time,
    step: z.number().describe('seconds that a point stands for; 0: every reading is a point'),
    source: z.enum(['readings', 'hour', 'day']),
    time: z.array(time).describe('when each point begins'),
    power: z
      .array(z.number().nullable())
      .describe('mean over the step, negative where more was fed out; null where nothing was read'),
    max: z.array(z.number().nullable()).describe('the highest reading, where it is known'),
    fields: z
      .record(z.string(), z.array(z.number().nullable()))
      .describe(
        'current_1, voltage_1, power_1, …: at the beginning of each point; absent for hours and days',
      ),
    quality: z.array(quality.nullable()),
  })
  .meta({ id: 'Power' });
export type PowerView = z.infer<typeof powerView>;

export const energyView = z
  .strictObject({
    meter: z.string(),
    unit: z.enum(['hour', 'day', 'month']),
    buckets: z.array(
      sum.extend({
        max: z.number().nullable().describe('W, the highest reading'),
      }),
    ),
  })
  .meta({ id: 'Energy' });
export type EnergyView = z.infer<typeof energyView>;

export const gapView = z
  .strictObject({
    meter: z.string(),
    start: time,
    end: time.nullable().describe('null while it lasts'),
    cause: z.string(),
    readings: z.int(),
    energy: z.number().describe('what the meter counted meanwhile'),
    cost: z.number(),
    exportEnergy: z.number(),
    credit: z.number(),
    estimatedEnergy: z.number().describe('what nobody counted'),
    estimatedCost: z.number(),
  })
  .meta({ id: 'Gap' });
export type GapView = z.infer<typeof gapView>;

export const storeView = z
  .strictObject({
    name: z.string(),
    lag: z.int().describe('journalled readings it has still to be given'),
    written: z.int(),
    rejected: z.int(),
    retries: z.int(),
    downSince: time.nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: 'Store' });
export type StoreView = z.infer<typeof storeView>;

export const agentView = z
  .strictObject({
    version: z.string(),
    started: time,
    now: time,
    zone: z.string().describe('IANA, of days and months'),
    connected: z.boolean().describe('whether it has a session with its broker'),
    broker: z.string().describe('its address, without credentials'),
    embedded: z.boolean(),
    journal: z.strictObject({ trouble: z.string().nullable(), expired: z.int() }),
    devices: z
      .array(z.string())
      .nullable()
      .describe('serial devices of this machine; null where it cannot see them'),
  })
  .meta({ id: 'Agent' });
export type AgentView = z.infer<typeof agentView>;
