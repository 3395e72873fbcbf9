import { round } from '../../../shared/round.ts';
import type { TariffInput } from '../../../shared/settings/schema.ts';
import { refuse, type UrdbTier } from './document.ts';

type Price = TariffInput['periods'][number]['price'];

/** How the database writes that there is no limit. */
const NO_LIMIT = 1e30;

/**
 * @param path where the tiers are in the document.
 * @param adjustment currency per kWh, on top of each tier's.
 * @throws GiveUpError when the tiers do not rise, or are of a unit that kWh alone cannot tell.
 */
export function priceOf(tiers: UrdbTier[], path: string, adjustment: number): Price {
  const prices = tiers.map(({ rate, adj }, index) => {
    if (typeof rate !== 'number' && typeof adj !== 'number')
      refuse(`${path}[${index}].rate`, 'must be a number', rate);
    return round((rate ?? 0) + (adj ?? 0) + adjustment);
  });
  const [only = 0] = prices;
  if (prices.length === 1) return only;
  const units = tiers.slice(0, -1).map(({ unit }) => unit ?? 'kWh');
  let below = 0;
  return tiers.map(({ max, unit }, index) => {
    const price = prices[index] ?? 0;
    if (index === tiers.length - 1) return { price };
    const at = `${path}[${index}]`;
    if (!/^kwh( daily)?$/i.test(unit ?? 'kWh'))
      refuse(`${at}.unit`, 'must be kWh or kWh daily: other tiers need the demand in kW', unit);
    if (unit && units[0]?.toLowerCase() !== unit.toLowerCase())
      refuse(`${at}.unit`, `must be that of the tier below, ${units[0]}`, unit);
    if (typeof max !== 'number' || max <= below) refuse(`${at}.max`, `must be a number above ${below}`, max);
    below = max;
    return /daily/i.test(unit ?? '') ? { up_to_daily: max, price } : { up_to: max, price };
  });
}

/** Currency per kWh fed out; the database writes 0 where nothing is said. */
export function exportPriceOf(tiers: UrdbTier[]): number | undefined {
  return tiers[0]?.sell || undefined;
}

/** @param used the periods that the schedules name. */
export function tierNotes(structure: UrdbTier[][], used: number[]): string[] {
  const notes: string[] = [];
  for (const [period, tiers] of structure.entries()) {
    const path = `energyratestructure[${period}]`;
    if (!used.includes(period)) {
      notes.push(`${path}: left out, no schedule names it`);
      continue;
    }
    const last = tiers.at(-1);
    if (typeof last?.max === 'number' && last.max < NO_LIMIT)
      notes.push(
        `${path}[${tiers.length - 1}].max: ${last.max} left out, nothing is said of kWh above the last tier`,
      );
    if (tiers.some(({ sell }) => (sell || undefined) !== exportPriceOf(tiers)))
      notes.push(`${path}: the tiers differ in sell, that of the first is taken`);
  }
  if (used.length > 1 && used.some((period) => (structure[period]?.length ?? 0) > 1))
    notes.push('tiers count all kWh of the bill, whatever the period they were used in');
  return notes;
}
