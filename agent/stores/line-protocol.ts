import type { Reading } from '../../shared/wire.ts';
import type { Arrival } from '../journal/journal.ts';

export type Layout = 'default' | 'classic';

/**
 * One journalled reading as lines of InfluxDB line protocol, without their newlines; timestamps in milliseconds.
 *
 * `default`: measurement `electricity`, fields named as on the wire with their unit. Two lines, because a
 * tag that changes splits a series. What is continuous (power, the running totals) has the tag `meter`
 * alone, so that a total stays one series across every tariff period. What belongs to one interval is tagged
 * with `tariff` and `quality` too, so that kWh can be summed and stacked by either; so are corrections of earlier
 * costs. A gap before the reading
 * is a line of the measurement `electricity_gap`, at the time it ended. Simulated readings say so on each:
 * they must never continue a real series.
 *
 * `classic`: measurement `elecmeter`, the seven fields of the chain this replaces, no tags. It has no place
 * for a gap: what the meter counted meanwhile is part of the accruals and their duration, estimates are left
 * out. So are simulated readings: nothing there could tell them from the years of real ones.
 */
export function lineProtocol({ meter, reading }: Arrival, layout: Layout): string[] {
  const time = Date.parse(reading.time);
  if (layout === 'classic') return reading.quality === 'simulated' ? [] : [classicLine(reading, time)];
  const owner = tag('meter', meter);
  const lines = [continuousLine(owner, reading, time), intervalLine(owner, reading, time)];
  return reading.gap_seconds === undefined ? lines : [...lines, gapLine(owner, reading, time)];
}

function continuousLine(owner: string, reading: Reading, time: number): string {
  return (
    `electricity${owner}${simulated(reading)} power_watts=${reading.power}` +
    field('apparent_power_voltamperes', reading.apparent_power) +
    special(reading) +
    `,energy_kilowatthours=${reading.energy},price_per_kilowatthour=${reading.price},cost=${reading.cost}` +
    field('export_energy_kilowatthours', reading.export_energy) +
    field('export_price_per_kilowatthour', reading.export_price) +
    field('credit', reading.credit) +
    field('fixed_cost', reading.fixed_cost) +
    field('estimated_energy_kilowatthours', reading.estimated_energy) +
    `${field('estimated_cost', reading.estimated_cost)} ${time}`
  );
}

function intervalLine(owner: string, reading: Reading, time: number): string {
  return (
    `electricity${owner}${tag('quality', reading.quality)}${tag('tariff', reading.tariff)}` +
    ` interval_seconds=${reading.interval},interval_energy_kilowatthours=${reading.interval_energy}` +
    `,interval_cost=${reading.interval_cost}` +
    field('interval_export_energy_kilowatthours', reading.interval_export_energy) +
    field('interval_credit', reading.interval_credit) +
    field('cost_correction', reading.cost_correction) +
    `${field('credit_correction', reading.credit_correction)} ${time}`
  );
}

function gapLine(owner: string, reading: Reading, time: number): string {
  return (
    `electricity_gap${owner}${tag('cause', reading.gap_cause)}${simulated(reading)}` +
    ` seconds=${reading.gap_seconds}${field('readings', reading.gap_readings)}` +
    field('energy_kilowatthours', reading.gap_energy) +
    field('cost', reading.gap_cost) +
    field('export_energy_kilowatthours', reading.gap_export_energy) +
    field('credit', reading.gap_credit) +
    field('estimated_energy_kilowatthours', reading.gap_estimated_energy) +
    field('estimated_cost', reading.gap_estimated_cost) +
    ` ${time - Math.round(reading.interval * 1000)}`
  );
}

function classicLine(reading: Reading, time: number): string {
  const { gap_seconds = 0, gap_energy, gap_cost = 0 } = reading;
  const seconds = reading.interval + (gap_energy === undefined ? 0 : gap_seconds);
  return (
    `elecmeter duration_milliseconds=${Math.round(seconds * 1000)},rate=${reading.price}` +
    field('phase_1_current', reading.current_1) +
    field('phase_2_current', reading.current_2) +
    `,total_consumption_kilowatts=${reading.power / 1000}` +
    `,total_consumption_accrual_kilowatthours=${reading.interval_energy + (gap_energy ?? 0)}` +
    `,total_cost_accrual_dollars=${reading.interval_cost + gap_cost} ${time}`
  );
}

/** A further field; nothing where there is no value. */
function field(name: string, value: number | undefined): string {
  return value === undefined ? '' : `,${name}=${value}`;
}

/** Nothing where there is no value, for an empty one breaks the line. */
function tag(name: string, value = ''): string {
  return value === '' ? '' : `,${name}=${escapeTag(value)}`;
}

function simulated({ quality }: Reading): string {
  return quality === 'simulated' ? tag('quality', quality) : '';
}

const SPECIAL: readonly [field: RegExp, unit: string][] = [
  [/^current_\d{1,2}$/, '_amperes'],
  [/^voltage_\d{1,2}$/, '_volts'],
  [/^power_\d{1,2}$/, '_watts'],
  [/^register_(import|export)(_\d{1,2})?$/, '_kilowatthours'],
  [/^(gas|water)$/, '_cubicmetres'],
  [/^frequency$/, '_hertz'],
  [/^reactive_power$/, '_vars'],
  [/^power_factor$/, ''],
];
/** What is in nearly every reading, and none of these: to know that is cheaper than to look. */
const COMMON = new Set([
  ...['time', 'epoch', 'seq', 'interval', 'power', 'apparent_power', 'power_basis', 'energy'],
  ...['interval_energy', 'price', 'cost', 'interval_cost', 'tariff', 'quality', 'export_energy', 'credit'],
  ...['interval_export_energy', 'export_price', 'interval_credit', 'fixed_cost'],
]);

/** What only some meters tell, whatever it is of: a phase, a rate, another medium. */
function special(reading: Reading): string {
  let fields = '';
  for (const key in reading) {
    if (COMMON.has(key)) continue;
    const unit = SPECIAL.find(([field]) => field.test(key))?.[1];
    if (unit !== undefined) fields += field(`${key}${unit}`, reading[key as 'gas']);
  }
  return fields;
}

/**
 * Commas, equals signs and spaces take a backslash. Control characters have no form in a tag, and stores
 * disagree about backslashes: both become `_`.
 */
function escapeTag(value: string): string {
  return /^[\w-]*$/.test(value) ? value : value.replace(/[\p{Cc}\\]/gu, '_').replace(/[,= ]/g, '\\$&');
}
