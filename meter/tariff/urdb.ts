import type { TariffInput } from '../../shared/settings/schema.ts';
import { tariffSchema } from '../../shared/settings/tariff.ts';
import {
  currencyOf,
  effectiveNotes,
  fixedCharges,
  hasDemandCharges,
  unsupportedNotes,
} from './urdb/charges.ts';
import { pathOf, readRate, refuse, type UrdbRate, valueAt } from './urdb/document.ts';
import { exportPriceOf, priceOf, tierNotes } from './urdb/prices.ts';
import { conditionsOf, type Schedule } from './urdb/schedule.ts';

export interface UrdbOptions {
  /** The IANA time zone, which a document does not say. */
  zone: string;
  /** ISO 4217; default: the country's. */
  currency?: string;
  /** Which of several rates, by label or name. */
  rate?: string;
}

/** What one price applies to: a period of the structure, in months of one fuel adjustment. */
interface Band {
  period: number;
  /** Currency per kWh. */
  adjustment: number;
}

/**
 * A rate of OpenEI's Utility Rate Database, version 7, as a tariff.
 *
 * @returns the tariff as one writes it, and what of the rate it does not say, for the person to read.
 * @throws GiveUpError naming the path, the rule and the value received.
 */
export function importUrdb(
  document: unknown,
  { zone, currency, rate: which }: UrdbOptions,
): { tariff: TariffInput; notes: string[] } {
  const rate = readRate(document, which);
  const { energyratestructure: structure } = rate;
  if (!structure) {
    const why = hasDemandCharges(rate)
      ? 'charges for demand alone are no tariff'
      : 'ask the API with detail=full';
    return refuse('energyratestructure', `must be given (${why})`, structure);
  }

  const { weekday, weekend, bands } = bandsOf(rate, structure.length);
  // What is rare comes first, so that what is usual need not say when it is not; the last is all the rest.
  const ordered = byHours(bands.length, weekday, weekend);
  const exportPrices = bands.map(({ period }) => exportPriceOf(structure[period] ?? []));
  const [common] = exportPrices;
  const isCommon = exportPrices.every((price) => price === common);
  const { fields, notes: chargeNotes } = fixedCharges(rate);

  const tariff: TariffInput = {
    name: (rate.name ?? rate.label ?? 'imported').trim().slice(0, 64),
    currency: currency ?? currencyOf(rate),
    zone,
    ...fields,
    ...(isCommon && common !== undefined ? { export_price: common } : {}),
    periods: ordered.flatMap((index, position) => {
      const { period, adjustment } = bands[index] ?? { period: 0, adjustment: 0 };
      const exportPrice = isCommon ? undefined : exportPrices[index];
      const earlier = new Set(ordered.slice(0, position));
      const isLast = position === ordered.length - 1;
      const conditions = isLast ? [{}] : conditionsOf(index, { weekday, weekend }, earlier);
      return conditions.map((condition) => ({
        name: structure.length === 1 ? 'all' : `period ${period + 1}`,
        price: priceOf(structure[period] ?? [], `energyratestructure[${period}]`, adjustment),
        ...(exportPrice === undefined ? {} : { export_price: exportPrice }),
        ...condition,
      }));
    }),
  };
  const { error } = tariffSchema.safeParse(tariff);
  const [issue] = error?.issues ?? [];
  if (issue) return refuse(pathOf(issue.path), issue.message, valueAt(tariff, issue.path));

  const used = [...new Set(bands.map(({ period }) => period))];
  return {
    tariff,
    notes: [
      ...effectiveNotes(rate),
      ...tierNotes(structure, used),
      ...(JSON.stringify(weekday) === JSON.stringify(weekend)
        ? []
        : [
            'holidays are priced as the day of the week they fall on: where your utility prices them as weekends, list them in `holidays`, and add `holiday` wherever `days` names sat and sun',
          ]),
      ...chargeNotes,
      ...unsupportedNotes(rate),
    ],
  };
}

/** The schedules, with a band in place of each period. */
function bandsOf(rate: UrdbRate, periods: number) {
  const bands: Band[] = [];
  const bandOf = (key: 'energyweekdayschedule' | 'energyweekendschedule'): Schedule => {
    // One price all year needs no schedule.
    const schedule =
      rate[key] ??
      (periods === 1
        ? Array.from({ length: 12 }, () => Array.from({ length: 24 }, () => 0))
        : refuse(key, 'must be given where there are several periods', rate[key]));
    return schedule.map((hours, month) =>
      hours.map((period, hour) => {
        if (period >= periods)
          refuse(`${key}[${month}][${hour}]`, `must be the index of one of ${periods} periods`, period);
        const adjustment = rate.fueladjustmentsmonthly?.[month] ?? 0;
        const known = bands.findIndex((band) => band.period === period && band.adjustment === adjustment);
        return known === -1 ? bands.push({ period, adjustment }) - 1 : known;
      }),
    );
  };
  const weekday = bandOf('energyweekdayschedule');
  const weekend = bandOf('energyweekendschedule');
  // In the order of the structure, which people know from its page.
  const order = [...bands.keys()].sort((a, b) => (bands[a]?.period ?? 0) - (bands[b]?.period ?? 0) || a - b);
  const sorted = (schedule: Schedule) => schedule.map((hours) => hours.map((band) => order.indexOf(band)));
  return {
    weekday: sorted(weekday),
    weekend: sorted(weekend),
    bands: order.flatMap((index) => bands[index] ?? []),
  };
}

/** The indices of all bands, those of few hours a week first. */
function byHours(bands: number, weekday: Schedule, weekend: Schedule): number[] {
  const hours = Array.from({ length: bands }, () => 0);
  const count = (schedule: Schedule, days: number) => {
    for (const band of schedule.flat()) hours[band] = (hours[band] ?? 0) + days;
  };
  count(weekday, 5);
  count(weekend, 2);
  return [...hours.keys()].sort((a, b) => (hours[a] ?? 0) - (hours[b] ?? 0) || a - b);
}
