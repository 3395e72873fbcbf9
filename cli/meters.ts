import type { MeterView, SumView } from '../agent/doors/views.ts';
import type { Reading } from '../shared/wire.ts';
import { showDuration } from './moment.ts';
import type { Row } from './table.ts';

/** ms; the newest reading of a meter that is well is not older. */
const FRESH = 15_000;
const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** Whether a meter tells what it feeds out, or has. */
export function feedsOut({ fields, month, yesterday }: MeterView): boolean {
  return fields.includes('export_energy') || month.export_energy > 0 || yesterday.export_energy > 0;
}

/**
 * A row of `wattdog meters`.
 * @param now ms since 1970 UTC. @param withOut whether there are columns for what is fed out and earned.
 */
export function meterRow(
  { name, online, simulated, reading, ...sums }: MeterView,
  now: number,
  withOut: boolean,
): Row {
  const { currency, today, yesterday, month, forecast } = sums;
  const said = online === null ? 'not heard of' : online ? 'online' : 'offline';
  return {
    meter: name,
    state: simulated ? `${said}, simulated` : said,
    power: reading === null ? '' : showPower(reading),
    age: reading === null ? '' : showAge(now - Date.parse(reading.time)),
    'kWh today': showEnergy(today),
    ...(withOut && { 'kWh out today': today.export_energy.toFixed(2) }),
    'cost today': showMoney(today.cost, currency),
    ...(withOut && { 'earned today': showMoney(today.credit, currency) }),
    'kWh yesterday': showEnergy(yesterday),
    'cost yesterday': showMoney(yesterday.cost, currency),
    'kWh month': showEnergy(month),
    ...(withOut && { 'kWh out month': month.export_energy.toFixed(2) }),
    'cost month': showMoney(month.cost, currency),
    ...(withOut && { 'earned month': showMoney(month.credit, currency) }),
    expected: forecast === null ? '' : showMoney(forecast.cost, currency),
  };
}

/** `1,243 VA`: what is only apparent power is called that; `-800 W` is fed out. */
export function showPower({ power, power_basis }: Partial<Pick<Reading, 'power_basis'>> & { power: number }) {
  return `${count.format(Math.round(power) + 0)} ${power_basis === 'apparent' ? 'VA' : 'W'}`;
}

export function showEnergy({ energy }: Pick<SumView, 'energy'>): string {
  return energy.toFixed(2);
}

/** @param currency ISO 4217; null where it is not known. */
export function showMoney(amount: number, currency: string | null): string {
  if (currency === null) return amount.toFixed(2);
  return new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount);
}

/** How old a reading is; a clock of another machine may be ahead of ours. */
export function showAge(ms: number): string {
  return ms < FRESH ? 'now' : `${showDuration(ms)} ago`;
}
