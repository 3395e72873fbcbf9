import type { Reading } from '../../shared/wire.ts';
import type { Arrival } from '../journal.ts';

type Layout = 'default' | 'classic';

/**
 * One journalled reading as lines of InfluxDB line protocol, without their newlines; timestamps in milliseconds.
 *
 * `default`: measurement `electricity`, fields named as on the wire with their unit. Two lines, because a
 * tag that changes splits a series. What is continuous (power, the running totals) has the tag `meter`
 * alone, so that a total stays one series across every tariff period. What belongs to one interval is tagged
 * with `tariff` and `quality` too, so that kWh can be summed and stacked by either. Simulated readings say so
 * on both: they must never continue a real series.
 *
 * `classic`: measurement `elecmeter`, the seven fields of the chain this replaces, no tags. Simulated readings
 * are left out: nothing there could tell them from the years of real ones.
 */
export function lineProtocol(arrival: Arrival, layout: Layout): string[] {
  const points = layout === 'classic' ? classicPoints(arrival) : defaultPoints(arrival);
  return points.map((point) => line(point, Date.parse(arrival.reading.time)));
}

interface Point {
  measurement: string;
  tags: Record<string, string>;
  fields: Record<string, number>;
}

function defaultPoints({ meter, reading }: Arrival): Point[] {
  return [
    {
      measurement: 'electricity',
      tags: { meter, quality: reading.quality === 'simulated' ? 'simulated' : '' },
      fields: {
        power_watts: reading.power,
        apparent_power_voltamperes: reading.apparent_power,
        ...phases(reading),
        energy_kilowatthours: reading.energy,
        price_per_kilowatthour: reading.price,
        cost: reading.cost,
      },
    },
    {
      measurement: 'electricity',
      tags: { meter, quality: reading.quality, tariff: reading.tariff },
      fields: {
        interval_seconds: reading.interval,
        interval_energy_kilowatthours: reading.interval_energy,
        interval_cost: reading.interval_cost,
      },
    },
  ];
}

function classicPoints({ reading }: Arrival): Point[] {
  if (reading.quality === 'simulated') return [];
  const { current_1, current_2 } = reading;
  return [
    {
      measurement: 'elecmeter',
      tags: {},
      fields: {
        duration_milliseconds: Math.round(reading.interval * 1000),
        rate: reading.price,
        ...(current_1 === undefined ? {} : { phase_1_current: current_1 }),
        ...(current_2 === undefined ? {} : { phase_2_current: current_2 }),
        total_consumption_kilowatts: reading.power / 1000,
        total_consumption_accrual_kilowatthours: reading.interval_energy,
        total_cost_accrual_dollars: reading.interval_cost,
      },
    },
  ];
}

const PHASE_UNITS = { current: 'amperes', voltage: 'volts' };

function phases(reading: Reading): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const [key, value] of Object.entries(reading)) {
    const [, quantity] = /^(current|voltage)_\d{1,2}$/.exec(key) ?? [];
    if (quantity !== undefined) fields[`${key}_${PHASE_UNITS[quantity as keyof typeof PHASE_UNITS]}`] = value;
  }
  return fields;
}

function line({ measurement, tags, fields }: Point, timeMs: number): string {
  const tagged = Object.entries(tags)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `,${key}=${escapeTag(value)}`)
    .join('');
  const valued = Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  return `${measurement}${tagged} ${valued} ${timeMs}`;
}

/**
 * Commas, equals signs and spaces take a backslash. Control characters have no form in a tag, and stores
 * disagree about backslashes: both become `_`.
 */
function escapeTag(value: string): string {
  return value.replace(/[\p{Cc}\\]/gu, '_').replace(/[,= ]/g, '\\$&');
}
