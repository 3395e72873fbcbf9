import { join } from 'node:path';
import { Temporal } from 'temporal-polyfill';
import { Forwarder } from '../../../../agent/forward.ts';
import { type Arrival, Journal } from '../../../../agent/journal/journal.ts';
import { openStore } from '../../../../agent/stores/store.ts';
import { settingsSchema } from '../../../../shared/settings/schema.ts';
import { systemTime } from '../../../../shared/time.ts';
import type { Reading } from '../../../../shared/wire.ts';
import { testReading } from '../../../support/readings.ts';
import { type Owner, silentLog, temporaryFolder, until } from '../../../support/system.ts';

export const ZONE = 'America/Los_Angeles';
/** Of wall clock time there; ms since 1970 UTC. */
export const at = (time: string): number =>
  Temporal.PlainDateTime.from(time).toZonedDateTime(ZONE).epochMilliseconds;

/** When the dashboards are looked at: two days after a day of 23 hours, in the middle of a minute. */
export const NOW = at('2026-03-10T18:00:45');
const FIRST = at('2026-03-04T00:00:00');
const MINUTE = 60_000;

/** Nobody read it from 3 to 5 o’clock, and it counted 0.5 kWh meanwhile. */
export const COUNTED_GAP = {
  from: at('2026-03-07T03:00'),
  to: at('2026-03-07T05:00'),
  energy: 0.5,
  cost: 0.135,
};
/** Nobody counted these ten minutes. */
export const ESTIMATED_GAP = { from: at('2026-03-09T01:00'), to: at('2026-03-09T01:10'), energy: 0.03 };
export const PEAK = { time: at('2026-03-08T18:17:30'), power: 7200 };
/** What it draws by night. */
export const BASE = 240;
/** On the first of these days it was a made-up one. */
export const REAL_FROM = at('2026-03-05T00:00:00');

/** Hours there, from 0 to 24. */
function hourOf(time: number): number {
  const { hour, minute, second } = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(ZONE);
  return hour + minute / 60 + second / 3600;
}

function powerAt(time: number): number {
  if (time === PEAK.time) return PEAK.power;
  const hour = hourOf(time);
  if (hour < 7 || hour >= 22) return BASE;
  return hour >= 14 && hour < 20 ? 1200 : 600;
}

/** Everything that was read: of `main` each minute, a simulated first day included, and of `garage` and `solar` every second one. */
export function readings(): Arrival[] {
  return [
    ...minutes('main', { step: MINUTE, from: FIRST }, mainReading),
    ...minutes('garage', { step: 2 * MINUTE, from: FIRST }, garageReading),
    ...minutes('solar', { step: 2 * MINUTE, from: SOLAR.from }, solarReading),
  ];
}

function minutes(
  meter: string,
  { step, from }: { step: number; from: number },
  make: (time: number) => Partial<Reading>,
): Arrival[] {
  const arrivals: Arrival[] = [];
  let [energy, cost, fedOut, credit, seq] = [0, 0, 0, 0, 0];
  // Not at full minutes, where a sum to and a sum from them would differ.
  for (let time = from + MINUTE / 2; time < NOW; time += step) {
    if (meter === 'main' && [COUNTED_GAP, ESTIMATED_GAP].some(({ from, to }) => time > from && time < to))
      continue;
    seq += 1;
    const { power = 0, price = 0, ...made } = make(time);
    const interval_energy = (Math.max(0, power) * step) / 3.6e9;
    const interval_export_energy = (Math.max(0, -power) * step) / 3.6e9;
    const interval_cost = interval_energy * price;
    energy += interval_energy + (made.gap_energy ?? 0);
    cost += interval_cost + (made.gap_cost ?? 0) + (made.cost_correction ?? 0);
    fedOut += interval_export_energy + (made.gap_export_energy ?? 0);
    const interval_credit = interval_export_energy * SOLAR.exportPrice;
    credit += interval_credit + (made.gap_credit ?? 0);
    const exported = { export_energy: fedOut, interval_export_energy, credit, interval_credit };
    arrivals.push({
      meter,
      reading: testReading(seq, {
        time: new Date(time).toISOString(),
        epoch: meter,
        interval: step / 1000,
        power,
        price,
        energy,
        cost,
        interval_energy,
        interval_cost,
        ...(meter === 'solar' && exported),
        ...made,
      }),
    });
  }
  return arrivals;
}

function mainReading(time: number): Partial<Reading> {
  const power = powerAt(time);
  const hour = hourOf(time);
  const onPeak = hour > 14 && hour < 20;
  return {
    power,
    apparent_power: power,
    current_1: power / 240,
    current_2: power / 120 - power / 240,
    price: onPeak ? 0.36 : 0.27,
    tariff: onPeak ? 'winter on-peak' : 'winter off-peak',
    quality: time < REAL_FROM ? 'simulated' : Math.floor(time / MINUTE) % 2 === 0 ? 'measured' : 'counted',
    ...gapBefore(time),
  };
}

function gapBefore(time: number): Partial<Reading> {
  const isFirstAfter = ({ to }: { to: number }) => time > to && time < to + MINUTE;
  if (isFirstAfter(COUNTED_GAP))
    return {
      gap_seconds: 7170,
      gap_cause: 'reader',
      gap_readings: 119,
      gap_energy: COUNTED_GAP.energy,
      gap_cost: COUNTED_GAP.cost,
    };
  if (isFirstAfter(ESTIMATED_GAP))
    return {
      gap_seconds: 570,
      gap_cause: 'silence',
      gap_readings: 9,
      gap_estimated_energy: ESTIMATED_GAP.energy,
      gap_estimated_cost: 0.008,
    };
  return {};
}

/** Its power factor is known. */
const garageReading = (): Partial<Reading> => ({
  power: 90,
  apparent_power: 100,
  power_basis: 'power_factor',
  price: 0.3,
  tariff: 'flat',
  quality: 'measured',
});

/** It takes in 300 W by night and feeds out 1.8 kW from 8 to 16 o’clock; 0.3 m³ of gas an hour, 1.2 of the currency a day. */
export const SOLAR = {
  from: at('2026-03-09T00:00:00'),
  exportPrice: 0.08,
  /** Of a gap, in which it counted both. */
  gap: { energy: 0.25, cost: 0.075, fedOut: 2, credit: 0.16 },
  correction: -0.5,
};

function solarReading(time: number): Partial<Reading> {
  const hour = hourOf(time);
  const since = (time - SOLAR.from) / 3_600_000;
  const isNoon = Math.abs(time - at('2026-03-10T12:00:30')) < 1000;
  const { energy, cost, fedOut, credit } = SOLAR.gap;
  return {
    power: hour > 8 && hour < 16 ? -1800 : 300,
    power_basis: 'measured',
    apparent_power: undefined,
    price: 0.3,
    tariff: 'flat',
    quality: 'measured',
    gas: 500 + 0.3 * since,
    fixed_cost: (1.2 * since) / 24,
    ...(isNoon && {
      ...{ gap_seconds: 1, gap_cause: 'port', gap_energy: energy, gap_cost: cost },
      ...{ gap_export_energy: fedOut, gap_credit: credit, cost_correction: SOLAR.correction },
    }),
  };
}

/** Journals the readings and forwards them to each store, until all have all. */
export async function fill(t: Owner, arrivals: Arrival[], stores: object[]): Promise<void> {
  const { agent } = settingsSchema.parse({ agent: { stores } });
  const journal = new Journal(join(temporaryFolder(t), 'journal.db'), { zone: ZONE, log: silentLog });
  for (let start = 0; start < arrivals.length; start += 5000)
    journal.append(arrivals.slice(start, start + 5000));
  const stop = new AbortController();
  const opened = agent.stores.map((settings) => openStore(settings));
  const forwarders = opened.map(
    (store) => new Forwarder({ journal, store, time: systemTime, log: silentLog, batch: 5000 }),
  );
  const running = Promise.all(forwarders.map((forwarder) => forwarder.run(stop.signal)));
  await until('all readings in all stores', 60_000, () =>
    forwarders.every((forwarder) => forwarder.status().lag === 0),
  );
  stop.abort();
  await running;
  await Promise.all(opened.map((store) => store.close()));
  journal.close();
}
