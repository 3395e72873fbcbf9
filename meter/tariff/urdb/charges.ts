import { round } from '../../../shared/round.ts';
import type { TariffInput } from '../../../shared/settings/schema.ts';
import { refuse, type UrdbRate } from './document.ts';

const CURRENCIES = new Map([
  ['USA', 'USD'],
  ['US', 'USD'],
  ['CAN', 'CAD'],
  ['MEX', 'MXN'],
  ['GBR', 'GBP'],
  ['AUS', 'AUD'],
  ['IND', 'INR'],
]);
/** A month's share of a year's days. */
const DAYS_A_MONTH = 365 / 12;

/** @throws GiveUpError for a country whose currency we do not know. */
export function currencyOf({ country }: UrdbRate): string {
  return (
    CURRENCIES.get(country ?? 'USA') ??
    refuse(
      'country',
      `must be one of ${[...CURRENCIES.keys()].join(', ')}, or the currency be given`,
      country,
    )
  );
}

export function effectiveNotes({ startdate, enddate, servicetype }: UrdbRate): string[] {
  return [
    ...(startdate ? [`startdate: the rate holds from ${dateOf('startdate', startdate)}`] : []),
    ...(enddate ? [`enddate: the rate holds until ${dateOf('enddate', enddate)}`] : []),
    ...(servicetype && servicetype !== 'Bundled'
      ? [`servicetype: ${servicetype}, a part of the bill: add what the rest costs`]
      : []),
  ];
}

function dateOf(path: string, seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) refuse(path, 'must be seconds since 1970', seconds);
  return date.toISOString().slice(0, 10);
}

type FixedCharges = Pick<TariffInput, 'fixed_daily' | 'fixed_monthly' | 'minimum_monthly'>;

/** @returns what time costs, and a note for each charge that could not be taken as it is. */
export function fixedCharges(rate: UrdbRate): { fields: FixedCharges; notes: string[] } {
  const fields: FixedCharges = {};
  const notes: string[] = [];
  const { fixedchargefirstmeter: fixed, mincharge: minimum } = rate;
  if (fixed) {
    const unit = unitOf(rate.fixedchargeunits);
    if (unit === 'month') fields.fixed_monthly = fixed;
    else if (unit === 'day') fields.fixed_daily = fixed;
    else if (unit === 'year') {
      fields.fixed_monthly = round(fixed / 12, 2);
      notes.push(`fixedchargefirstmeter: ${fixed} a year is taken as a twelfth of it a month`);
    } else refuse('fixedchargeunits', 'must be $/month, $/day or $/year', rate.fixedchargeunits);
    if (rate.fixedmonthlycharge)
      notes.push('fixedmonthlycharge: left out, fixedchargefirstmeter stands for it');
  } else if (rate.fixedmonthlycharge) fields.fixed_monthly = rate.fixedmonthlycharge;

  if (minimum) {
    const unit = unitOf(rate.minchargeunits);
    if (unit === 'month') fields.minimum_monthly = minimum;
    else if (unit === 'day') {
      fields.minimum_monthly = round(minimum * DAYS_A_MONTH, 2);
      notes.push(`mincharge: ${minimum} a day is taken as ${fields.minimum_monthly} a month`);
    } else if (unit === 'year') notes.push(`mincharge: ${minimum} a year left out, no bill is a year’s`);
    else refuse('minchargeunits', 'must be $/month, $/day or $/year', rate.minchargeunits);
  } else if (rate.minmonthlycharge) fields.minimum_monthly = rate.minmonthlycharge;
  return { fields, notes };
}

/** `$/month` is what a rate without a unit means: the older versions knew no other. */
function unitOf(units: string | null | undefined): string | undefined {
  return /^\$\/(day|month|year)$/.exec(units ?? '$/month')?.[1];
}

/** What a tariff of kWh and days cannot say. */
const UNSUPPORTED: [key: string, what: string][] = [
  ['demandratestructure', 'charges for demand in kW by time of use'],
  ['flatdemandstructure', 'charges for demand in kW'],
  ['coincidentratestructure', 'charges for demand in kW at the grid’s peak'],
  ['demandreactivepowercharge', 'charges for reactive power'],
  ['annualmincharge', 'a minimum a year'],
  ['fixedchargeeaaddl', 'a charge for each further meter'],
];

export function hasDemandCharges(rate: UrdbRate): boolean {
  return UNSUPPORTED.some(([key]) => /demand|coincident/.test(key) && largest(rate[key]) !== 0);
}

export function unsupportedNotes(rate: UrdbRate): string[] {
  const notes = UNSUPPORTED.flatMap(([key, what]) => {
    const most = largest(rate[key]);
    return most === 0
      ? []
      : [`${key}: ${what} (up to ${most}) left out: a bill that has them is another than this tariff’s`];
  });
  if (rate.dgrules)
    notes.push(
      `dgrules: ${rate.dgrules} not followed: give export_price where what is fed out earns more than sell says`,
    );
  return notes;
}

/** The largest rate in it, by amount; 0 where there is none. */
function largest(value: unknown): number {
  if (typeof value === 'number') return value;
  if (Array.isArray(value))
    return value.map(largest).reduce((most, one) => (Math.abs(one) > Math.abs(most) ? one : most), 0);
  if (typeof value !== 'object' || value === null) return 0;
  const { rate, adj } = value as { rate?: unknown; adj?: unknown };
  return largest(rate) + largest(adj);
}
