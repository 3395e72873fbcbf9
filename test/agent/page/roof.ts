import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { connectAsync } from 'mqtt';
import { Journal } from '../../../agent/journal/journal.ts';
import { meterTopics, type Profile, type Reading } from '../../../shared/wire.ts';
import { testReading } from '../../support/readings.ts';

const MINUTE = 60_000;
const PRICE = 0.3;
const EXPORT_PRICE = 0.08;

/** Makes readings of a house with a roof: `watts` are negative while it feeds out. Totals add up. */
function createRoof(epoch: string) {
  const totals = { energy: 0, cost: 0, export_energy: 0, credit: 0, fixed_cost: 0, gas: 500 };
  let seq = 0;
  return (time: number, seconds: number, watts: number): Reading => {
    seq += 1;
    const interval_energy = (Math.max(0, watts) * seconds) / 3_600_000;
    const interval_export_energy = (Math.max(0, -watts) * seconds) / 3_600_000;
    totals.energy += interval_energy;
    totals.cost += interval_energy * PRICE;
    totals.export_energy += interval_export_energy;
    totals.credit += interval_export_energy * EXPORT_PRICE;
    totals.fixed_cost += (seconds / 86_400) * 0.48;
    totals.gas += seconds / 14_400;
    const { current_1, current_2, voltage_1, voltage_2, apparent_power, ...plain } = testReading(seq);
    return {
      ...plain,
      ...totals,
      ...{ time: new Date(time).toISOString(), epoch, interval: seconds },
      ...{ power: watts, power_1: watts - 200, power_2: 200, power_basis: 'measured', tariff: 'always' },
      ...{ interval_energy, interval_cost: interval_energy * PRICE },
      ...{ interval_export_energy, interval_credit: interval_export_energy * EXPORT_PRICE },
      ...{ price: PRICE, export_price: EXPORT_PRICE, register_import_1: 3000.5, register_export: 912.25 },
    };
  };
}

/** A day of sun and cloud; hours of local time. */
function wattsAt(hour: number): number {
  const sun = Math.max(0, Math.sin(((hour - 7) / 12) * Math.PI)) * 3600;
  return Math.round(450 + 250 * Math.sin(hour * 5) - sun * (0.8 + 0.2 * Math.sin(hour * 23)));
}

/** A journal with the days before today, a reading each five minutes, and its last minutes each five seconds. */
export function seedRoof(folder: string, zone: string, from: number, now: number): void {
  mkdirSync(folder, { recursive: true });
  const journal = new Journal(join(folder, 'journal.db'), { zone });
  const read = createRoof('seed');
  const readings: Reading[] = [];
  const fine = now - 50 * MINUTE;
  for (let time = from; time <= fine; time += 5 * MINUTE)
    readings.push(read(time, 300, wattsAt(((time - from) / 3_600_000) % 24)));
  const last = Date.parse(readings.at(-1)?.time ?? '');
  for (let time = last + 5000; time < now - 5000; time += 5000)
    readings.push(read(time, 5, Math.round(1500 * Math.cos((time - now) / 600_000) - 700)));
  journal.append(readings.map((reading) => ({ meter: 'roof', reading })));
  journal.close();
}

/** The roof goes on by MQTT, feeding out 1,500 W, beside a meter that is computed. */
export async function playRoof(t: ExecutionContext, url: string): Promise<void> {
  const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
  const profile: Profile = {
    ...{ version: '0.2.0', installation: 'roof', meters: ['roof', 'rest'], port: '/dev/ttyUSB0' },
    ...{ decoder: 'dsmr', simulated: false, power_basis: 'measured', currency: 'EUR', tariff: 'flat' },
    fields: ['power_1', 'power_2', 'export_energy', 'gas', 'register_import_1', 'register_export'],
    periods: [{ name: 'always', price: PRICE }],
  };
  const post = (topic: string, payload: unknown) =>
    client.publish(topic, typeof payload === 'string' ? payload : JSON.stringify(payload), {
      ...{ qos: 1, retain: true },
    });
  const read = createRoof('live');
  const tell = () => post(meterTopics('roof').reading, read(Date.now(), 1, -1500));
  for (const [name, changes] of Object.entries({
    roof: {},
    rest: { decoder: 'computed', port: 'computed' },
  })) {
    post(meterTopics(name).profile, {
      ...profile,
      fields: name === 'roof' ? profile.fields : [],
      ...changes,
    });
    post(meterTopics(name).availability, 'online');
  }
  tell();
  const timer = setInterval(tell, 1000);
  t.teardown(async () => {
    clearInterval(timer);
    await client.endAsync(true);
  });
}
